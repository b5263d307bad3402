// From the dead queues into the job table: what processors gave up and what the queue server took
// away from them after too many deliveries ends there, where people look for it. Follows jobs.md,
// "The scheduler", and delivery.md, point 16.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "broker/broker.h"
#include "db/connection.h"
#include "offline_tasks/envelope.h"

namespace daemonz::scheduler {

/// One sweep over all dead queues; returns how many deliveries were moved. A delivery is
/// acknowledged after its row is committed, so a crash moves it once more, onto the same row. Bytes
/// that are no envelope get a row of the task `raw`. Several may sweep at once. Needs
/// job_table::migrate. Throws Error when queue or database are away.
///
/// `taken_away` is called once for each job that the queue server took away by itself, as it does
/// with one that ends its processors: no processor could tell of that death.
using TakenAway = std::function<void(const offline_tasks::Envelope& job, const std::string& why)>;
int collect_dead(broker::Broker& broker, db::Connection& connection,
                 const Clock& clock = real_clock(), const TakenAway& taken_away = {});

}  // namespace daemonz::scheduler
