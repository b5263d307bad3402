// What the processes of a run use, summed by looking at each: for machines where no cgroup counts
// (mode rlimit). A sample, not an account: what came and went between two looks counts once init
// has reaped it. Sources: proc_pid_stat(5), proc_pid_children(5), proc_pid_smaps(5) (rollup).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "base/units.h"

namespace daemonz::sandbox {

struct TreeUsage {
  Microseconds user{0}, system{0};  ///< dead and reaped descendants included
  std::uint64_t memory = 0;         ///< bytes resident, shared pages counted in each process
  std::uint32_t processes = 0;      ///< without `root` itself
};

/// Bytes that all descendants of `root` hold together: what several share is counted once. Slower
/// by far, a walk through their page tables. nullopt: one of them may not be asked.
[[nodiscard]] std::optional<std::uint64_t> tree_memory_together(pid_t root);

/// Of all descendants of `root`. Processes that end while we look are left out.
[[nodiscard]] TreeUsage tree_usage(pid_t root);

}  // namespace daemonz::sandbox
