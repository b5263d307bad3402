#include "process/child.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <string>
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

// linux/pidfd.h of 6.15; the headers of Debian 12 are older.
struct PidfdInfo {
  std::uint64_t mask = 0, cgroup_id = 0;
  std::uint32_t pid = 0, tgid = 0, ppid = 0;
  std::uint32_t users_and_groups[8] = {};
  std::int32_t exit_code = 0;
  std::uint32_t rest[2] = {};
};
constexpr std::uint64_t pidfd_info_exit = 1u << 3;
constexpr unsigned long pidfd_get_info = _IOWR(0xFF, 11, PidfdInfo);
static_assert(sizeof(PidfdInfo) == 72);

constexpr int exit_code_field = 52;
constexpr int first_field_after_name = 3;

// The raw status of a zombie, as wait(2) would give it.
std::optional<int> zombie_status(const Identity& identity) {
  const auto stat = stat_of(identity.pid);
  if (!stat || stat->start_ticks != identity.start_ticks || stat->state != 'Z') return {};
  std::ifstream file("/proc/" + std::to_string(identity.pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const auto end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) return {};
  std::istringstream fields(text.substr(end_of_name + 1));
  std::string field;
  for (int i = first_field_after_name; i <= exit_code_field && fields >> field; ++i) continue;
  if (!fields) return {};
  return std::stoi(field);
}

// Of a process that has been reaped by another one.
std::optional<int> status_after_reaping(int pidfd) {
  PidfdInfo info{.mask = pidfd_info_exit};
  if (::ioctl(pidfd, pidfd_get_info, &info) != 0 || (info.mask & pidfd_info_exit) == 0) return {};
  return info.exit_code;
}

ExitStatus status_of_inherited(const Identity& identity, int pidfd) {
  auto raw = zombie_status(identity);
  if (!raw) raw = status_after_reaping(pidfd);
  ExitStatus status;
  if (!raw) return status;
  if (WIFEXITED(*raw))
    status.exit_code = WEXITSTATUS(*raw);
  else
    status.signal = WTERMSIG(*raw);
  return status;
}

}  // namespace

std::optional<Child> Child::inherit(const Identity& identity) {
  auto pidfd = open_pidfd(identity);
  if (!pidfd.is_open()) return {};
  Child child(identity.pid, std::move(pidfd));
  child.inherited_ = identity;
  return child;
}

Child::Child(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      inherited_(std::move(other.inherited_)),
      status_(std::exchange(other.status_, std::nullopt)) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    Child gone(std::move(*this));
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
    inherited_ = std::move(other.inherited_);
    status_ = std::exchange(other.status_, std::nullopt);
  }
  return *this;
}

Child::~Child() {
  if (!pidfd_.is_open() || status_ || inherited_) return;
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
    if (!inherited_ && (status_ = reap(pidfd_.get()))) return status_;
    pollfd ended{pidfd_.get(), POLLIN, 0};
    const int count = ::poll(&ended, 1, poll_timeout(deadline));
    if (count < 0 && errno != EINTR) throw_errno("cannot wait for a child");
    if (count > 0 && inherited_) return status_ = status_of_inherited(*inherited_, pidfd_.get());
    if (deadline && std::chrono::steady_clock::now() >= *deadline) return {};
  }
}

void Child::detach() noexcept {
  pid_ = -1;
  pidfd_.reset();
}

}  // namespace daemonz::process
