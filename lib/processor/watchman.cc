#include "processor/watchman.h"

#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "process/identity.h"

namespace daemonz::processor {
namespace {

constexpr Milliseconds interval_max{1'000};  // how exactly all this is noticed
/// One look may fall between two pops of a lane; so many in a row do not.
constexpr int deaf_looks_max = 3;

}  // namespace

broker::Broker& Watchman::connection() {
  if (!connection_) connection_ = workshop_.connect_broker();
  return *connection_;
}

bool Watchman::watch() {
  const auto& options = workshop_.options;
  const auto interval = std::max(
      Milliseconds(1),
      std::min({interval_max, options.overdue_grace, options.expand_interval, options.deaf_after}));
  while (workshop_.stop.pause(interval)) {
    if (options.on_alive) options.on_alive();
    if (is_warm_process_dead() || has_overdue()) return true;
    recycle_when_due();
    if (is_recycling_ && working_ == 0) return false;
    if (!workshop_.stop.is_taking()) continue;
    try {
      look_for_queues();
      if (is_deaf()) return true;
    } catch (const Error& problem) {  // the lanes say so as well, and wait
      log::debug("processor", "the queue is away", {{"problem", problem.what()}});
    }
  }
  return false;
}

bool Watchman::is_warm_process_dead() const {
  if (!workshop_.warm || workshop_.warm->is_alive()) return false;
  log::error("processor", "the warm process has died, the processor leaves");
  return true;
}

bool Watchman::has_overdue() {
  for (const auto& lane : lanes_) {
    const auto reserved = lane->overdue(real_clock().steady());
    if (!reserved) continue;
    log::error("processor", "handler hangs, the processor leaves",
               {{"job", reserved->job.id}, {"task", reserved->job.task}});
    const auto own = workshop_.connect_broker();
    lane->settle_overdue(*reserved, *own);
    return true;
  }
  return false;
}

void Watchman::recycle_when_due() {
  const auto& options = workshop_.options;
  if (is_recycling_) return;
  const int begun = workshop_.jobs_begun;
  std::uint64_t resident = 0;
  if (options.recycle_rss.count > 0)
    if (const auto stat = process::stat_of(::getpid())) resident = stat->resident_bytes;
  const bool has_done_enough = options.recycle_jobs > 0 && begun >= options.recycle_jobs;
  if (!has_done_enough && Bytes(resident) <= options.recycle_rss) return;
  log::info("processor", "recycling: leaves when idle", {{"jobs", begun}, {"rss", resident}});
  is_recycling_ = true;
  workshop_.stop.quiet();
}

void Watchman::look_for_queues() { workshop_.expand_queues(connection()); }

bool Watchman::is_deaf() {
  const bool is_waiting = working_ > workshop_.lanes_busy;
  const auto silence = real_clock().steady() - workshop_.heard_at.load();
  if (!is_waiting || silence < workshop_.options.deaf_after || !is_given_a_job()) {
    deaf_looks_ = 0;
    return false;
  }
  if (++deaf_looks_ < deaf_looks_max) return false;
  log::error("processor", "connected, jobs are ready, and no lane is given one: leaves",
             {{"silence_ms", std::chrono::duration_cast<Milliseconds>(silence).count()}});
  return true;
}

bool Watchman::is_given_a_job() {
  const auto& options = workshop_.options;
  for (const auto& queues : workshop_.queues()) {
    const auto popped = connection().pop({.queues = queues,
                                          .lease = options.lease,
                                          .priority_min = options.priority_min,
                                          .priority_max = options.priority_max});
    if (!popped.lease) continue;
    (void)connection().release(*popped.lease, broker::Broker::Release::uncounted);
    return true;
  }
  return false;
}

}  // namespace daemonz::processor
