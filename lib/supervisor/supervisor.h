// The supervisor: starts the plan in order, keeps it running, stops it in reverse, and answers on
// the control socket. Not the state machine (instance.h) and not the commands of people
// (commands.h). Follows supervisor.md.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "supervisor/plan.h"

namespace daemonz::supervisor {

struct SupervisorOptions {
  config::Config config;
  std::string program_folder;        ///< where daemonz itself stands
  std::vector<std::string> targets;  ///< wanted from the beginning; empty: all
  /// One JSON line goes there once the control socket answers, or when that failed; then it is
  /// closed. -1: nobody asks.
  int report_fd = -1;
  bool is_log_in_file = false;  ///< the own log goes to log_path_of(), not to stderr
  /// Ends when nothing is left to run: a container must not stay up with everything given up.
  bool is_foreground = false;
};

/// Holds the lock, takes over what an earlier run has left, supervises until SIGTERM, SIGINT or the
/// command `shutdown`. Returns the exit code: 0, or 1 when a vital instance was given up, or in the
/// foreground any one and nothing runs.
/// Throws Error when it cannot start (nothing was started then). Call it from the main thread of a
/// process that is there for nothing else.
///
/// Survives its own kill -9, and an error of its own: the children live on, and the next run takes
/// them over.
[[nodiscard]] int run_supervisor(SupervisorOptions options);

}  // namespace daemonz::supervisor
