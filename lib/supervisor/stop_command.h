// The command that asks a daemon to end (`stop: {command: ..}`, stop_binary), and the grace after
// it. Not the signals that follow: supervised.h. Follows supervisor.md, `delay_before_kill`.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/units.h"
#include "process/child.h"
#include "supervisor/loop.h"

namespace daemonz::supervisor {

struct StopCommandOptions {
  std::string name;         ///< of the instance, for the log
  Milliseconds timeout{0};  ///< the command is killed then
  Milliseconds grace{0};    ///< between the command's end and `then`
};

/// One command that runs. Its end kills the command. Threads: one.
class StopCommand {
 public:
  /// `child` is the command. `then` is called once, when it has ended and the grace is over; never
  /// from within the constructor.
  StopCommand(Loop& loop, process::Child child, const StopCommandOptions& options,
              std::function<void()> then);

  [[nodiscard]] pid_t pid() const noexcept { return child_.pid(); }
  [[nodiscard]] bool is_running() const noexcept { return !child_.status(); }
  void look();  ///< reaps it if it has ended

 private:
  void wait_for_grace();

  Loop& loop_;
  StopCommandOptions options_;
  std::function<void()> then_;
  process::Child child_;
  Loop::Watch child_watch_, timer_;  // after the child: watches end before its descriptor closes
};

}  // namespace daemonz::supervisor
