// What became of a job, for whoever waits for it. Follows jobs.md, "The job table and lib/db".
// Facts come from the job table: a job pushed with track `all` (push_pull's default) has a row from
// its push on when the front end is connected to the database, else from its first attempt on.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "base/units.h"
#include "offline_tasks/context.h"
#include "offline_tasks/job_id.h"

namespace daemonz::offline_tasks {

/// `unknown`: no row. The job is not tracked, not started yet, was cleared away, or never was.
enum class JobState { unknown, queued, running, retrying, done, dead, cancelled };
[[nodiscard]] const char* to_string(JobState state);

struct JobStatus {
  JobId id;
  JobState state = JobState::unknown;
  std::uint32_t attempts = 0;  ///< that were begun
  Progress progress;
  json::value result;      ///< Done::result; null before that
  std::string last_error;  ///< of the last failed attempt
  [[nodiscard]] bool is_over() const {
    return state == JobState::done || state == JobState::dead || state == JobState::cancelled;
  }
};

/// Needs a database in connect()'s options, or the inline strategy; throws Error otherwise.
/// Threads: any.
[[nodiscard]] JobStatus status(const JobId& id);

/// Returns when the job is over or `timeout` has passed; is_over() tells which. Asks the job table
/// every 10 ms at first, later every 200 ms.
[[nodiscard]] JobStatus wait(const JobId& id, Milliseconds timeout);

}  // namespace daemonz::offline_tasks
