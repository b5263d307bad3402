// While a program daemonizes itself: its start command has ended well, and the process that goes on
// is looked for by its pid file. Asks again and again, but only until it is found: a running daemon
// costs no wakeup. Follows supervisor.md, `type: forking`.
#pragma once

#include <functional>

#include "supervisor/loop.h"
#include "supervisor/pid_files.h"

namespace daemonz::supervisor {

/// Its end is the end of the search. Threads: one.
class MainSearch {
 public:
  /// Calls one of the two once, never before the constructor has returned. `lost`: nothing of the
  /// tree lives any more. The loans outlive this.
  MainSearch(Loop& loop, const config::Daemon& daemon, const process::TreeMark& tree,
             std::function<void(process::Identity)> found, std::function<void()> lost);

 private:
  void look();

  Loop& loop_;
  const config::Daemon& daemon_;
  const process::TreeMark& tree_;
  std::function<void(process::Identity)> found_;
  std::function<void()> lost_;
  Milliseconds pause_;
  Loop::Watch timer_;
};

}  // namespace daemonz::supervisor
