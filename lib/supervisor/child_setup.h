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

/// This process needs some descriptors for each instance: raises its limit, and returns what it was
/// started with, for them. While it has one thread: with more, its table of descriptors grows only
/// after an RCU grace period, which takes some 10 ms each time it doubles (fs/file.c).
rlimit raise_open_files(std::size_t instances);

/// Everything but descriptors and argv, which is the instance's command.
[[nodiscard]] process::LaunchOptions child_options(const ChildSetup& setup);

}  // namespace daemonz::supervisor
