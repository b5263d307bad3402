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
constexpr const char* many_deliveries =
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

/// True: an attempt was begun and never told its end. What a processor buries counts each attempt
/// among the failed ones, and has its error.
bool is_taken_away(const Envelope& job, const std::optional<job_table::Job>& row) {
  if (row && row->state == job_table::State::dead) return false;  // a processor has said it all
  return job.errors.empty() || (row && row->attempts > static_cast<int>(job.attempt));
}

void record(const broker::Lease& delivery, db::Connection& connection, const Clock& clock,
            const TakenAway& tell) {
  std::string why;
  const auto job = unpack(delivery, clock.wall(), why);
  job_table::Table table(connection, clock);
  const bool is_news = is_taken_away(job, table.find(job.id));
  if (why.empty()) why = is_news || job.errors.empty() ? many_deliveries : job.errors.back().why;
  const auto token = offline_tasks::Token::of(job.attempt, delivery.id);
  const auto attempts = is_news ? job.attempt + 1 : std::max(job.attempt, 1U);
  const bool is_recorded =
      table.record_dead(offline_tasks::facts_of(job), static_cast<job_table::Token>(token.value),
                        static_cast<int>(attempts), why, delivery.body);
  if (is_recorded && is_news && tell) tell(job, why);
  if (is_recorded)
    log::warn(
        "scheduler", "dead job moved into the job table",
        {{"job", job.id}, {"task", job.task}, {"queue", delivery.queue.text()}, {"why", why}});
  else
    log::info("scheduler", "dead delivery of a job that went on, dropped", {{"job", job.id}});
}

}  // namespace

int collect_dead(broker::Broker& broker, db::Connection& connection, const Clock& clock,
                 const TakenAway& taken_away) {
  int moved = 0;
  for (const auto& queue : broker.queues()) {
    if (!queue.is_dead_queue()) continue;
    for (;;) {
      const auto popped = broker.pop({.queues = {queue}, .lease = lease});
      if (!popped.lease) break;
      try {
        record(*popped.lease, connection, clock, taken_away);
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
