// What a new plan changes in what runs: the plan of `reload`, `scale`, and of a start that takes
// over children of an earlier supervisor. Pure: two plans in, a list out. Follows supervisor.md,
// "`reload` prints its plan and touches only what changed".
#pragma once

#include <string>
#include <vector>

#include "supervisor/plan.h"

namespace daemonz::supervisor {

struct Change {
  enum class Kind {
    add,      ///< new: it is started
    remove,   ///< surplus: it is stopped, and is no more
    restart,  ///< its process has to be another one
    update    ///< its rules changed: they hold at once, its process lives on
  };
  Kind kind = Kind::update;
  PlannedInstance planned;        ///< as it is to be; `remove`: as it was
  std::vector<std::string> keys;  ///< restart, update: those of the file that differ
};

/// In the order of the new plan, then what goes. What is the same in both is not in it. Instances
/// are the same by daemon and index: the name of the only one gets its number when there are two.
[[nodiscard]] std::vector<Change> changes_between(const std::vector<PlannedInstance>& now,
                                                  const std::vector<PlannedInstance>& next);

/// "restart processor:0 (command, env)".
[[nodiscard]] std::string sentence_of(const Change& change);

/// 16 hex digits over all that the process itself was started with. Two processes with the same one
/// need no restart. Stable across versions of this program as long as the keys are.
[[nodiscard]] std::string fingerprint_of(const config::Daemon& daemon);

}  // namespace daemonz::supervisor
