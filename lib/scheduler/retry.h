// A dead job on a person's word: back onto its queue. Follows cli.md, `daemonz-jobs retry`.
#pragma once

#include <string>

#include "base/clock.h"
#include "broker/broker.h"
#include "db/connection.h"
#include "job_table/table.h"
#include "offline_tasks/signing.h"

namespace daemonz::scheduler {

/// Pushes what the row of a dead job keeps, with as many attempts on top as it had, and marks the
/// row. Attempts and errors go on counting, so that fences stay in order. Bytes that are no
/// envelope are pushed as they came. The same death is pushed once, however often this is called.
/// With signing keys it is signed anew if it is authentic, expired or not; what was refused is
/// pushed as it came, for processors that know its key by now. Throws Error that names the job when
/// the row is not dead or the queue did not take it.
void retry_dead(const job_table::Job& dead, broker::Broker& broker, db::Connection& connection,
                const Clock& clock = real_clock(), const offline_tasks::Signing& signing = {});

}  // namespace daemonz::scheduler
