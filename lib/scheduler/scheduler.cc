#include "scheduler/scheduler.h"

#include <condition_variable>
#include <mutex>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "db/migrations.h"
#include "db/pool.h"
#include "job_table/retention.h"
#include "job_table/table.h"
#include "offline_tasks/outbox.h"
#include "offline_tasks/spool.h"
#include "scheduler/dead_deliveries.h"
#include "scheduler/leader.h"

namespace daemonz::scheduler {
namespace {

constexpr Seconds sweep_every{60};  ///< rows are old by days; more than one sweep holds: at once

/// Sleeps for `time` or until `stop`.
void pause(Milliseconds time, const std::stop_token& stop) {
  std::mutex guard;
  std::condition_variable_any never;
  std::unique_lock lock(guard);
  never.wait_for(lock, stop, time, [] { return false; });
}

class Round {
 public:
  explicit Round(const Options& options)
      : pool_({.url = options.database, .limit = 1}),
        broker_(broker::connect({.url = options.broker})),
        spool_(options.spool),
        on_error_(options.on_error),
        leader_(options.name, options.lease) {}

  void prepare() {
    const auto connection = pool_.take();
    job_table::migrate(*connection);
    migrate(*connection);
    offline_tasks::migrate_outbox(*connection);
    (void)broker_->queues();
  }
  /// Each machine has a spool of its own: no matter who leads, or whether the database is there.
  void replay() {
    if (!spool_.empty()) (void)offline_tasks::replay_spool(spool_, *broker_);
  }
  void once() {
    const auto connection = pool_.take();
    const bool leads = leader_.try_lead(*connection);
    if (leads != is_leading_) log::info("scheduler", leads ? "leads" : "follows another leader");
    is_leading_ = leads;
    if (!leads) return;
    (void)offline_tasks::relay_outbox(*connection, *broker_);
    collect_dead(*broker_, *connection, real_clock(),
                 [this](const offline_tasks::Envelope& job, const std::string& why) {
                   const auto message =
                       offline_tasks::error_message(job, {.state = "dead", .error = why});
                   for (const auto& hook : on_error_) hooks_.call(hook, message);
                 });
    sweep(*connection);
  }
  void end() {
    if (is_leading_) leader_.resign(*pool_.take());
  }

 private:
  void sweep(db::Connection& connection) {
    const auto now = real_clock().steady();
    if (now < next_sweep_) return;
    const auto rows = job_table::sweep(connection, {}, real_clock().wall());
    if (rows > 0) log::debug("scheduler", "old rows removed", {{"rows", rows}});
    if (rows < job_table::sweep_rows_max) next_sweep_ = now + sweep_every;
  }

  db::Pool pool_;
  std::unique_ptr<broker::Broker> broker_;
  const std::string spool_;
  const std::vector<offline_tasks::Hook> on_error_;
  offline_tasks::Hooks hooks_;
  Leader leader_;
  bool is_leading_ = false;
  SteadyTime next_sweep_{};
};

/// False: queue or database were away.
bool tried(const std::function<void()>& step) {
  try {
    step();
    return true;
  } catch (const db::NewerSchema&) {  // no waiting mends that
    throw;
  } catch (const Error& problem) {
    log::warn("scheduler", "cannot work now, waiting", {{"problem", problem.what()}});
    return false;
  }
}

}  // namespace

void run(const Options& options, const std::stop_token& stop) {
  db::check_url(options.database);
  for (const auto& hook : options.on_error)
    if (!hook.webhook.empty()) offline_tasks::check_webhook(hook.webhook);
  Round round(options);
  bool is_prepared = false;
  while (!stop.stop_requested()) {
    if (!is_prepared && (is_prepared = tried([&] { round.prepare(); })) && options.on_ready)
      options.on_ready();
    (void)tried([&] { round.replay(); });
    if (is_prepared) (void)tried([&] { round.once(); });
    pause(options.every, stop);
  }
  if (is_prepared) (void)tried([&] { round.end(); });
}

}  // namespace daemonz::scheduler
