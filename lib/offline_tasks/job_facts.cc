#include "offline_tasks/job_facts.h"

namespace daemonz::offline_tasks {

job_table::Facts facts_of(const Envelope& job) {
  return {.id = job.id,
          .task = job.task,
          .queue = job.queue,
          .batch = job.batch,
          .priority = job.priority,
          .max_attempts = static_cast<int>(job.max_attempts),
          .handler = json::serialize(json::object{{"task", job.task}, {"args", job.args}}),
          .run_at = job.run_at,
          .created_at = job.created};
}

}  // namespace daemonz::offline_tasks
