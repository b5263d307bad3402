// The system call filter of a run: a deny list, built once per keeper with libseccomp and loaded by
// each program as its last step. Why each rule is there stands in THREATS.md.
// Follows sandbox.md, point 5. Sources: seccomp(2), seccomp_rule_add(3).
#pragma once

#include <linux/filter.h>

#include <vector>

#include "sandbox/run.h"

namespace daemonz::sandbox {

/// For runs whose limits `mode` holds: without cgroups it also refuses memory that nobody counts.
/// Throws Error "seccomp" when the filter cannot be built.
[[nodiscard]] std::vector<sock_filter> build_filter(LimitMode mode);

}  // namespace daemonz::sandbox
