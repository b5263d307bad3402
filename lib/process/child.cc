#include "process/child.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "base/error.h"

namespace daemonz::process {
namespace {

// Milliseconds to wait, rounded up so that poll does not spin in the last one; -1: for ever.
int poll_timeout(std::optional<SteadyTime> deadline) {
  if (!deadline) return -1;
  using namespace std::chrono;
  const auto left = ceil<milliseconds>(*deadline - steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

// waitid(2)'s raw form has rusage as fifth argument; the one of glibc hides it.
std::optional<ExitStatus> reap(int pidfd) {
  siginfo_t info{};
  ExitStatus status;
  long result = 0;
  do {
    result = ::syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | WNOHANG, &status.usage);
  } while (result < 0 && errno == EINTR);
  if (result < 0)
    throw_errno("cannot wait for a child", {}, "Did something else in this process reap it?");
  if (info.si_pid == 0) return {};
  if (info.si_code == CLD_EXITED)
    status.exit_code = info.si_status;
  else
    status.signal = info.si_status;
  return status;
}

}  // namespace

Child::Child(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      status_(std::exchange(other.status_, std::nullopt)) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    Child gone(std::move(*this));
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
    status_ = std::exchange(other.status_, std::nullopt);
  }
  return *this;
}

Child::~Child() {
  if (!pidfd_.is_open() || status_) return;
  // Never throws; what may not be signalled (a setuid program) is not waited for either.
  if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0) != 0 && errno == EPERM)
    return;
  siginfo_t info{};
  while (::syscall(SYS_waitid, P_PIDFD, pidfd_.get(), &info, WEXITED, nullptr) < 0 &&
         errno == EINTR) {
  }
}

bool Child::signal(int number) const {
  if (!pidfd_.is_open() || status_) return false;
  if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0) == 0) return true;
  if (errno == ESRCH) return false;
  throw_errno("cannot signal process " + std::to_string(pid_));
}

std::optional<ExitStatus> Child::wait(std::optional<SteadyTime> deadline) {
  if (status_ || !pidfd_.is_open()) return status_;
  for (;;) {
    pollfd ended{pidfd_.get(), POLLIN, 0};
    const int count = ::poll(&ended, 1, poll_timeout(deadline));
    if (count < 0 && errno != EINTR) throw_errno("cannot wait for a child");
    if (count > 0 && (status_ = reap(pidfd_.get()))) return status_;
    if (deadline && std::chrono::steady_clock::now() >= *deadline) return {};
  }
}

void Child::detach() noexcept {
  pid_ = -1;
  pidfd_.reset();
}

}  // namespace daemonz::process
