// One running child process, held by its pidfd. Not a process tree: see process/tree.h.
// Sources: pidfd_open(2), pidfd_send_signal(2), waitid(2); of an inherited one: proc_pid_stat(5)
// field 52, linux/pidfd.h PIDFD_GET_INFO.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "process/identity.h"

namespace daemonz::process {

/// How a child ended. Exactly one of the two is set, or for an inherited one neither: not known.
/// `usage` is the child's own rusage; zeros for an inherited one.
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
  /// A process that somebody else has started and will reap: init, after its parent died. It can
  /// be signalled and waited for; its status is known while it is a zombie, and from Linux 6.15 on
  /// afterwards too. The end of this object does not touch it. nullopt: it does not run any more.
  [[nodiscard]] static std::optional<Child> inherit(const Identity& identity);
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
  std::optional<Identity> inherited_;  // nullopt: our own child
  std::optional<ExitStatus> status_;
};

}  // namespace daemonz::process
