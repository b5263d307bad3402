// What a run may open, by Landlock: a second wall behind the mount view. Everything in the view may
// be read and executed; only /box, /tmp and the device files may be written; no TCP, no signals and
// no abstract sockets beyond the run where the kernel knows these.
// Sources: landlock(7), landlock_add_rule(2).
#pragma once

#include "base/unique_fd.h"

namespace daemonz::sandbox {

/// For the mounts that this process sees now. Throws Error "landlock": also where the kernel has
/// none, because a run never has less isolation than it should.
[[nodiscard]] UniqueFd build_landlock_ruleset();

}  // namespace daemonz::sandbox
