// An envelope as the job table knows it, in one place for front end, processor and scheduler. See
// broker_options.h for what the broker is told.
#pragma once

#include "job_table/table.h"
#include "offline_tasks/envelope.h"

namespace daemonz::offline_tasks {

[[nodiscard]] job_table::Facts facts_of(const Envelope& job);

}  // namespace daemonz::offline_tasks
