#include "offline_tasks/broker_options.h"

#include <algorithm>

namespace daemonz::offline_tasks {
namespace {

/// Whole milliseconds from `now` to `time`, rounded up: never early, but for what is more than
/// span_max away.
Milliseconds until(WallTime time, WallTime now) {
  if (time <= now) return Milliseconds(0);  // also: no overflow
  return std::min(std::chrono::ceil<Milliseconds>(time - now), span_max);
}

}  // namespace

broker::PushOptions successor_options(const Envelope& job, Milliseconds delay) {
  return {.priority = job.priority, .delay = delay, .deliveries_max = job.max_deliveries};
}

broker::PushOptions broker_options(const Envelope& job, WallTime now) {
  auto options = successor_options(job, job.run_at ? until(*job.run_at, now) : Milliseconds(0));
  options.id = job.id;
  if (const auto key = job.unique_key(); !key.empty()) options.unique_key = unique_key_digest(key);
  return options;
}

}  // namespace daemonz::offline_tasks
