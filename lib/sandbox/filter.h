// The system call filter of a run: a deny list, built once per keeper with libseccomp and loaded by
// each program as its last step. Why each rule is there stands in THREATS.md.
// Follows sandbox.md, point 5. Sources: seccomp(2), seccomp_rule_add(3).
#pragma once

#include <linux/filter.h>

#include <vector>

namespace daemonz::sandbox {

/// Throws Error "seccomp" when the filter cannot be built.
[[nodiscard]] std::vector<sock_filter> build_filter();

}  // namespace daemonz::sandbox
