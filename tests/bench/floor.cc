// floor N PROGRAM: keeps N children of PROGRAM alive and ends them at SIGTERM, with epoll, pidfds
// and vfork and nothing else: no configuration, logs, states, control or kill of trees. The least
// that a supervisor can cost here; script/bench supervisor measures the others beside it.
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

constexpr std::uint64_t told_to_stop = ~0ULL;
constexpr int events_max = 64;

sigset_t term;
int events;

int start(char* program, std::uint64_t number) {
  char* argv[] = {program, nullptr};
  const auto pid = ::vfork();
  if (pid == 0) {
    ::setsid();  // as all of them do: on a busy machine autogroups (sched(7)) make that count
    ::sigprocmask(SIG_UNBLOCK, &term, nullptr);
    ::execv(program, argv);
    ::_exit(127);
  }
  if (pid < 0) std::abort();
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  epoll_event ended{.events = EPOLLIN, .data = {.u64 = number}};
  if (::epoll_ctl(events, EPOLL_CTL_ADD, fd, &ended) != 0) std::abort();
  return fd;
}

/// Its children gone, the supervisor goes.
int supervise(std::vector<int>& children, char* program, int signals) {
  auto living = children.size();
  for (bool is_stopping = false; living > 0;) {
    epoll_event happened[events_max];
    const int count = ::epoll_wait(events, happened, events_max, -1);
    for (int i = 0; i < count; ++i) {
      const auto which = happened[i].data.u64;
      if (which == told_to_stop) {
        is_stopping = true;
        signalfd_siginfo ignored;
        if (::read(signals, &ignored, sizeof ignored) < 0) return 1;
        for (const int child : children) ::syscall(SYS_pidfd_send_signal, child, SIGTERM, 0, 0);
        continue;
      }
      siginfo_t how{};
      ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(children[which]), &how, WEXITED);
      ::close(children[which]);
      if (is_stopping)
        --living;
      else
        children[which] = start(program, which);
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;  // a pidfd each
  ::setrlimit(RLIMIT_NOFILE, &files);
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &term, nullptr);
  events = ::epoll_create1(EPOLL_CLOEXEC);
  const int signals = ::signalfd(-1, &term, SFD_CLOEXEC);
  epoll_event told{.events = EPOLLIN, .data = {.u64 = told_to_stop}};
  ::epoll_ctl(events, EPOLL_CTL_ADD, signals, &told);
  std::vector<int> children;
  const auto count = static_cast<std::uint64_t>(std::atoi(argv[1]));
  for (std::uint64_t i = 0; i < count; ++i) children.push_back(start(argv[2], i));
  return supervise(children, argv[2], signals);
}
