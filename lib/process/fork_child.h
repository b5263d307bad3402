// A child that goes on in this program's code. Not for other programs (process/launch.h).
// Follows sandbox.md, "Dropping inherited connection pools".
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "process/child.h"

namespace daemonz::process {

struct ForkOptions {
  std::vector<int> keep;           ///< descriptors that stay open, besides 0, 1 and 2
  bool is_session_leader = false;  ///< setsid: its tree can be signalled as a group
};

/// Runs `body` in a forked child and leaves with its result (an exception: its text on stderr, 70).
/// Before `body`: every descriptor but 0, 1, 2 and `keep` is closed, so that no inherited database
/// or broker connection can be written to, and signals are as in a fresh program (SIGPIPE stays
/// ignored where it was).
/// After it: _exit. No destructor and no atexit handler of the parent's objects runs in the child.
/// A pool that is used in the child sees another pid and opens its own connections; it must not
/// touch the descriptors that it remembers: their numbers may be other files by now.
/// Throws Error when fork(2) fails. Threads: one - other threads' locks stay taken in the child.
[[nodiscard]] Child fork_child(const std::function<int()>& body, const ForkOptions& options = {});

inline constexpr int exit_exception = 70;  ///< EX_SOFTWARE of sysexits.h

}  // namespace daemonz::process
