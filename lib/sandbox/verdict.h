// From what was seen of a run to its verdict: one table, first match wins. Pure.
// Follows sandbox.md, "Verdicts".
#pragma once

#include <optional>

#include "sandbox/plan.h"
#include "sandbox/run.h"

namespace daemonz::sandbox {

/// Why the keeper ended a run that had not ended by itself.
enum class KillReason { none, cpu, wall, memory, stdout_cap, stderr_cap, cancel, own_failure };

struct Observation {
  std::optional<Failure> failure;  ///< ours; or stage "exec": the program's
  std::optional<int> wait_status;  ///< raw; nullopt: lost
  KillReason killed = KillReason::none;
  Limits limits;
  Microseconds cpu{0};
  Microseconds wall{0};
  std::uint64_t memory_peak = 0;  ///< bytes
  std::uint64_t oom_kills = 0;
  /// Not for this run's limit: the machine, or a group around us, had no memory left.
  bool is_oom_foreign = false;
  bool is_peak_decisive = false;  ///< mode rlimit: nobody counts kills, so the peak decides
  bool is_stdout_over = false, is_stderr_over = false;
};

/// Fills verdict, exit_code, signal, killed_by, stage, errno_value and is_idle of `result`.
void decide(const Observation& seen, Result& result);

}  // namespace daemonz::sandbox
