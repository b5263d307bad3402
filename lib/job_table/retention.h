// How long rows of this room stay that nobody needs any more, and their removal. Follows jobs.md,
// "Retention by state". Jobs that have not ended are never removed.
#pragma once

#include "base/clock.h"
#include "base/units.h"
#include "db/connection.h"

namespace daemonz::job_table {

struct Retention {
  Milliseconds done = std::chrono::hours(24 * 7);
  Milliseconds dead = std::chrono::hours(24 * 90);  ///< somebody should look at them
  Milliseconds cancelled = std::chrono::hours(24 * 7);
  /// Done marks and checkpoints: longer than a delivery can lie in a queue that is looked after.
  Milliseconds fences = std::chrono::hours(24 * 90);
};

inline constexpr std::size_t sweep_rows_max = 500;  ///< of one kind in one transaction: it is short

/// Removes at most sweep_rows_max rows of each kind, the oldest first, and says how many. Rows that
/// another transaction holds are passed over (SKIP LOCKED), so that nobody waits for a sweep.
std::uint64_t sweep(db::Connection& connection, const Retention& retention, WallTime now);

}  // namespace daemonz::job_table
