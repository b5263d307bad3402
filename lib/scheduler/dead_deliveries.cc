#include "scheduler/dead_deliveries.h"

#include "base/log.h"
#include "job_table/table.h"
#include "offline_tasks/envelope.h"
#include "offline_tasks/job_facts.h"

namespace daemonz::scheduler {
namespace {

using offline_tasks::Envelope;

constexpr Milliseconds lease{30'000};  ///< of one delivery on its way: two database statements

/// Why a delivery without an error of its own is in a dead queue.
constexpr const char* taken_away =
    "taken away by the queue after too many deliveries: it may have ended its processors";

Envelope unpack(const broker::Lease& delivery, WallTime now, std::string& fault) {
  try {
    if (auto job = Envelope::decode(delivery.body)) {
      if (job->queue.empty())
        job->queue = delivery.queue.text();  // other languages need not name it
      return *job;
    }
    fault = "not an envelope";
  } catch (const Error& problem) {
    fault = problem.what();
  }
  return offline_tasks::raw_job(delivery.body, delivery.queue, now);
}

void record(const broker::Lease& delivery, db::Connection& connection, const Clock& clock) {
  std::string why;
  const auto job = unpack(delivery, clock.wall(), why);
  if (why.empty()) why = job.errors.empty() ? taken_away : job.errors.back().why;
  const auto token = offline_tasks::Token::of(job.attempt, delivery.id);
  const bool is_recorded =
      job_table::Table(connection, clock)
          .record_dead(offline_tasks::facts_of(job), static_cast<job_table::Token>(token.value),
                       static_cast<int>(std::max(job.attempt, 1U)), why, delivery.body);
  if (is_recorded)
    log::warn(
        "scheduler", "dead job moved into the job table",
        {{"job", job.id}, {"task", job.task}, {"queue", delivery.queue.text()}, {"why", why}});
  else
    log::info("scheduler", "dead delivery of a job that went on, dropped", {{"job", job.id}});
}

}  // namespace

int collect_dead(broker::Broker& broker, db::Connection& connection, const Clock& clock) {
  int moved = 0;
  for (const auto& queue : broker.queues()) {
    if (!queue.is_dead_queue()) continue;
    for (;;) {
      const auto popped = broker.pop({.queues = {queue}, .lease = lease});
      if (!popped.lease) break;
      try {
        record(*popped.lease, connection, clock);
      } catch (...) {  // the database is away: what is kept open would wear out by lapsing
        (void)broker.release(*popped.lease, broker::Broker::Release::uncounted);
        throw;
      }
      if (broker.ack(*popped.lease) == broker::Settled::done) ++moved;
    }
  }
  return moved;
}

}  // namespace daemonz::scheduler
