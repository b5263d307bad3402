// How far a job came: what Context::checkpoint() left, in `daemonz_checkpoints(job_id, token,
// state)`, so that the next attempt goes on at mail 5,001. Not an effect: it is written outside of
// the handler's transactions. Follows jobs.md, "Context", and delivery.md, point 13.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "db/connection.h"
#include "job_table/table.h"

namespace daemonz::job_table {

/// A checkpoint is written between items, thousands of times: what is large belongs in a table.
inline constexpr std::size_t checkpoint_size_max = 64 << 10;

/// What a claim found. `is_ours`: no higher token has claimed or written.
struct Checkpoint {
  bool is_ours = false;
  std::string state;  ///< JSON; empty: none was written yet
};

/// Reads it for this attempt, and keeps attempts with a lower token from writing from now on.
[[nodiscard]] Checkpoint claim_checkpoint(db::Connection& connection, std::string_view job_id,
                                          Token token);

/// False: a higher token has claimed it, nothing was written. Throws Error when `state_json` has
/// more than checkpoint_size_max bytes.
[[nodiscard]] bool write_checkpoint(db::Connection& connection, std::string_view job_id,
                                    Token token, std::string_view state_json);

/// The job is done: nobody goes on from there. Those of jobs that are dead or gone: retention.h.
void remove_checkpoint(db::Connection& connection, std::string_view job_id);

}  // namespace daemonz::job_table
