// Several programs started at the same time. Not their supervision. See launch.h.
#pragma once

#include <span>
#include <variant>
#include <vector>

#include "base/error.h"
#include "process/launch.h"

namespace daemonz::process {

/// What has become of one of several: the child, or why there is none.
using Launched = std::variant<Child, Error>;

/// As launch() for each, by this thread and two more: while one child loads its program, the next
/// one is prepared. In the order of `all`. A single one costs what launch() does. The other threads
/// have this one's signal mask, and no child may ask for a parent_death_signal.
[[nodiscard]] std::vector<Launched> launch_all(std::span<const LaunchOptions> all);

}  // namespace daemonz::process
