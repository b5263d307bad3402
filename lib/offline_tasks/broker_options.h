// How an envelope's fields become the broker's push options, in one place for front end, processor
// and scheduler.
#pragma once

#include "broker/broker.h"
#include "offline_tasks/envelope.h"

namespace daemonz::offline_tasks {

/// For a first push: id, unique key, priority; the delay counted from `now`. Not the expiry: the
/// engine would drop the item, and the job would vanish without a word. Who pops it buries it.
[[nodiscard]] broker::PushOptions broker_options(const Envelope& job, WallTime now);

/// For a successor of the item that carries `job` (Broker::replace): no id and no unique key, which
/// the engine passes on by itself.
[[nodiscard]] broker::PushOptions successor_options(const Envelope& job, Milliseconds delay);

}  // namespace daemonz::offline_tasks
