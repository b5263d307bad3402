// Ids of jobs: ULIDs, 26 characters that sort by time. Source: the ULID specification
// (github.com/ulid/spec): 48 bits of Unix milliseconds, 80 random bits, Crockford's base 32.
// Not only ours: a job pushed by another language may bring any id of 1..64 bytes.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace daemonz::offline_tasks {

using JobId = std::string;

inline constexpr std::size_t job_id_size_max = 64;  ///< it serves as the queue's retry token

/// A new ULID. Monotonic within the process: each one sorts after all before it, also within one
/// millisecond and when the clock was set back. Threads: any. After fork(2) the child draws afresh.
[[nodiscard]] JobId new_job_id(WallTime now = real_clock().wall());

/// 1..64 characters of [A-Za-z0-9_.:-].
[[nodiscard]] bool is_job_id(std::string_view text);

}  // namespace daemonz::offline_tasks
