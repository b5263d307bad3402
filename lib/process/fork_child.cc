#include "process/fork_child.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "base/error.h"

namespace daemonz::process {
namespace {

void close_all_but(std::vector<int> keep) {
  keep.insert(keep.end(), {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO});
  std::sort(keep.begin(), keep.end());
  unsigned first = 0;
  for (const int fd : keep) {
    if (fd < 0) continue;
    const auto kept = static_cast<unsigned>(fd);
    if (kept > first) ::syscall(SYS_close_range, first, kept - 1, 0u);
    first = std::max(first, kept + 1);
  }
  ::syscall(SYS_close_range, first, ~0u, 0u);
}

void reset_signals() {
  struct sigaction pipe_action {};
  ::sigaction(SIGPIPE, nullptr, &pipe_action);
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  if (pipe_action.sa_handler == SIG_IGN) ::sigaction(SIGPIPE, &pipe_action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

int result_of(const std::function<int()>& body) noexcept {
  try {
    return body();
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "forked child: %s\n", problem.what());
  } catch (...) {
    std::fprintf(stderr, "forked child: unknown exception\n");
  }
  return exit_exception;
}

}  // namespace

Child fork_child(const std::function<int()>& body, const ForkOptions& options) {
  std::fflush(nullptr);  // what the parent has buffered must not be written twice
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (options.is_session_leader) ::setsid();
    close_all_but(options.keep);
    reset_signals();
    const int result = result_of(body);
    std::fflush(stdout);  // only stdio's own buffers; nothing of the parent is destroyed
    ::_exit(result);
  }
  const int fork_errno = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) throw_errno("cannot fork", {}, {}, fork_errno);
  // The child cannot be reaped by anybody else before this line, so its pid is still its own.
  return Child(pid, UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))));
}

}  // namespace daemonz::process
