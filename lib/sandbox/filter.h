// The system call filter of a run: a deny list, built once per keeper and loaded by each program as
// its last step. The kernel compiles it for each run and tries it on every call there is, so it is
// short: a tree over ranges of numbers, two thirds of what libseccomp makes of the same rules. Why
// each rule is there stands in THREATS.md.
// Follows sandbox.md, point 5. Sources: seccomp(2), the kernel's userspace-api/seccomp_filter.rst.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "sandbox/run.h"

namespace daemonz::sandbox {

/// For runs whose limits `mode` holds: without cgroups it also refuses memory that nobody counts.
/// Throws Error "seccomp" when the filter cannot be built.
[[nodiscard]] std::vector<sock_filter> build_filter(LimitMode mode);

}  // namespace daemonz::sandbox
