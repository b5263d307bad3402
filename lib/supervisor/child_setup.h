// How the processes of one instance are started: environment, user, limits, as its configuration
// says. Not the starting itself (process/launch.h) and not their output (log_sink.h). Follows
// supervisor.md, "The extended form".
#pragma once

#include <string>

#include "process/launch.h"
#include "process/tree.h"
#include "supervisor/plan.h"

namespace daemonz::supervisor {

/// Loans for the call.
struct ChildSetup {
  const PlannedInstance& planned;
  const process::TreeMark& mark;  ///< the child is born into its cgroup and carries its token
  std::string notify_address;
  rlimit open_files{};  ///< RLIMIT_NOFILE where the configuration does not say another one
};

/// This process needs descriptors for all instances: raises its limit, and returns what it was
/// started with, for them.
rlimit raise_open_files();

/// Everything but descriptors and argv, which is the instance's command.
[[nodiscard]] process::LaunchOptions child_options(const ChildSetup& setup);

}  // namespace daemonz::supervisor
