// What follows an attempt besides its settlement: the tasks of on_done, and whom to tell. Of this
// room only. Follows jobs.md, "on_done" and "Error hooks".
#pragma once

#include "offline_tasks/envelope.h"
#include "processor/settlement.h"
#include "processor/workshop.h"

namespace daemonz::processor {

/// Pushes the tasks of on_done, before the acknowledgement and with ids that follow from the job's:
/// a repetition stores nothing. What cannot be pushed after a few tries is logged: it cannot fail
/// the job.
void push_follow_ups(Workshop& workshop, const offline_tasks::Envelope& job);

/// Calls the hooks: of on_done with the result, or those for errors.
void tell(Workshop& workshop, const offline_tasks::Envelope& job, const Settlement& settlement,
          const json::value& result);

/// True: its acknowledgement must be known before more is done, so it cannot travel with a pop.
[[nodiscard]] bool has_aftermath(const offline_tasks::Envelope& job);

}  // namespace daemonz::processor
