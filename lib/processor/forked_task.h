// A job performed by this program's own code in a process of its own: a fresh child of the warm
// process. Its Context speaks to the lane over a socket (progress, checkpoint, further pushes, the
// outcome) and opens its own database connection. Follows jobs.md, "Isolation per task".
//
// Lines of JSON; what is nested itself travels as text. Lane to child: {"job","token","lane"}, then
// one answer per question. Child to lane: {"progress"}, the questions {"check_lease"},
// {"read_checkpoint"},
// {"checkpoint"} and {"push"}, and {"outcome"} as the last one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "offline_tasks/registry.h"
#include "process/warm_process.h"
#include "processor/child_watch.h"

namespace daemonz::processor {

/// The child's side: performs the one job that comes over the first descriptor; the second one
/// becomes readable when it is asked to stop. The exit code.
struct ForkedWork {
  const offline_tasks::Registry& registry;
  std::function<const offline_tasks::Services*(std::size_t lane)> services_of;
  std::string database;
  [[nodiscard]] int perform(std::vector<UniqueFd> given) const;
};

struct ForkedOutcome {
  offline_tasks::Outcome outcome;
  bool used_database = false;  ///< its own connection
};

/// The lane's side. Throws Superseded when the child's transaction or checkpoint was refused, and
/// as ChildWatch::wait.
[[nodiscard]] ForkedOutcome perform_in_fork(process::WarmProcess& warm, const ChildWork& work,
                                            std::size_t lane);

}  // namespace daemonz::processor
