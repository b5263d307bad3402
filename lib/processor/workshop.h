// What the lanes of one processor share: options, registry, pool, heartbeat, the way into the job
// table, the connection for further pushes. Of this room only.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <random>

#include "db/pool.h"
#include "offline_tasks/registry.h"
#include "process/warm_process.h"
#include "processor/heartbeat.h"
#include "processor/options.h"
#include "processor/reports.h"
#include "processor/signatures.h"
#include "processor/stop_state.h"

namespace daemonz::processor {

/// Threads: any, after construction.
class Workshop {
 public:
  /// `warm` is a loan, nullptr where no task has an isolation that needs it.
  Workshop(Options given, const offline_tasks::Registry& tasks, process::WarmProcess* warm);

  [[nodiscard]] std::unique_ptr<broker::Broker> connect_broker() const {
    return options.connect_broker();
  }
  /// For Context::push: never the connection of a lease (jobs.md). Throws Error when nothing took
  /// the job.
  offline_tasks::JobId push(const offline_tasks::Envelope& job);
  /// True: the database answers, or none is configured.
  [[nodiscard]] bool is_database_there();
  [[nodiscard]] double jitter();
  /// The queues to pop from, in lists that each fit into one pop. Nobody, when no glob matches.
  [[nodiscard]] std::vector<std::vector<QueueName>> queues() const;
  /// Asks the engine which queues exist, if globs need it and it was not asked lately. Throws Error
  /// when it cannot be reached.
  void expand_queues(broker::Broker& connection);

  [[nodiscard]] const TaskSettings& settings_of(const std::string& task) const;
  /// True: code or a program here performs it.
  [[nodiscard]] bool knows(std::string_view task) const;

  Options options;  // `connect_broker` and `name` filled
  const offline_tasks::Registry& registry;
  process::WarmProcess* const warm;
  std::unique_ptr<db::Pool> pool;  // nullptr: no database
  StopState stop;
  Heartbeat heartbeat;
  Reports reports;
  Signatures signatures;
  offline_tasks::Hooks hooks;

  std::atomic<int> jobs_begun{0};
  std::atomic<int> lanes_busy{0};
  /// When a lane last got a job, or said that it cannot take one.
  std::atomic<SteadyTime> heard_at{real_clock().steady()};

 private:
  mutable std::mutex guard_;
  std::vector<QueueName> queues_;  // guarded
  std::optional<SteadyTime> expanded_at_;
  std::unique_ptr<broker::Broker> push_connection_;
  std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace daemonz::processor
