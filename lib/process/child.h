// One running child process, held by its pidfd. Not a process tree: see process/tree.h.
// Sources: pidfd_open(2), pidfd_send_signal(2), waitid(2).
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>

#include "base/clock.h"
#include "base/unique_fd.h"

namespace daemonz::process {

/// How a child ended. Exactly one of the two is set; `usage` is the child's own rusage.
struct ExitStatus {
  std::optional<int> exit_code;
  std::optional<int> signal;
  rusage usage{};
  [[nodiscard]] bool is_success() const { return exit_code == 0; }
};

/// Owns the duty to reap. Move-only. Threads: one. The destructor of a child that still runs
/// kills it (SIGKILL) and reaps it; detach() gives the duty away.
class Child {
 public:
  Child(pid_t pid, UniqueFd pidfd);
  Child(Child&&) noexcept;
  Child& operator=(Child&&) noexcept;
  ~Child();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }  ///< readable when it has ended

  /// pidfd_send_signal: never hits a recycled pid. False: it has ended already.
  bool signal(int number) const;
  /// Waits at most until `deadline` (nullopt: for ever). nullopt: it still runs. May be called
  /// again.
  [[nodiscard]] std::optional<ExitStatus> wait(std::optional<SteadyTime> deadline = std::nullopt);
  /// The end, if it was seen already.
  [[nodiscard]] const std::optional<ExitStatus>& status() const noexcept { return status_; }
  /// Somebody else reaps it.
  void detach() noexcept;

 private:
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  std::optional<ExitStatus> status_;
};

}  // namespace daemonz::process
