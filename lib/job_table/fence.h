// The fence in front of a job's effects: one row per job in `daemonz_fences(job_id, token, done)`,
// written inside the transaction that makes the effects, so that they happen once although a job
// may run more than once. Follows delivery.md, points 8, 9 and 13.
//
//     connection.transaction([&](db::Connection& tx) {
//       if (enter_fence(tx, job_id, token) != Fence::open) throw LeaseLost();   // rolls back
//       ... effects ...
//       mark_done(tx, job_id, token);    // with the last effects: a second delivery is acked unrun
//     });
#pragma once

#include <string_view>

#include "base/clock.h"
#include "db/connection.h"
#include "job_table/table.h"

namespace daemonz::job_table {

/// `done`: the effects are there already, acknowledge without running. `lost`: a higher token was
/// here, this processor's lease is gone.
enum class Fence { open, done, lost };

inline constexpr std::size_t fence_key_size_max = 190;  ///< of `job_id`: MySQL's index limit

/// Inside a transaction, before its effects: writes the token. The row stays locked until the
/// transaction ends. Only `open` has written something.
[[nodiscard]] Fence enter_fence(db::Connection& in_transaction, std::string_view job_id,
                                Token token);

/// Inside the same transaction: the job's effects are complete. enter_fence must have been `open`.
/// Throws Error when a statement of the handler has ended the transaction.
void mark_done(db::Connection& in_transaction, std::string_view job_id, Token token);

/// Without a transaction, writes nothing: what enter_fence would say.
[[nodiscard]] Fence look_at_fence(db::Connection& connection, std::string_view job_id, Token token);

/// Removes marks of jobs that were done before `time`: no delivery of them can be left then.
std::uint64_t sweep_fences(db::Connection& connection, WallTime before);

}  // namespace daemonz::job_table
