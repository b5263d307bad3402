// The process's one connection to the background, behind the free functions of push.h and status.h:
// options, push connections, the database for status. Private to this room.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "db/pool.h"
#include "offline_tasks/broker_pool.h"
#include "offline_tasks/inline_results.h"
#include "offline_tasks/push.h"
#include "offline_tasks/status.h"

namespace daemonz::offline_tasks {

/// Threads: any.
class Front {
 public:
  explicit Front(ConnectOptions options);

  PushAnswer push(const Envelope& job);
  void push_many(const QueueName& queue, const std::vector<Envelope>& jobs);
  [[nodiscard]] JobStatus status(const JobId& id);
  [[nodiscard]] const ConnectOptions& options() const { return options_; }

 private:
  PushAnswer push_onto_queue(const Envelope& job);
  PushAnswer perform_in_call(const Envelope& job);
  [[nodiscard]] db::Pool::Taken database();
  void record_pushed(const Envelope& job);
  void forget_pushed(const Envelope& job);

  const ConnectOptions options_;
  BrokerPool brokers_;
  InlineResults inline_results_;
  std::optional<db::Pool> database_;
  std::once_flag is_migrated_;
};

/// The one that connect() made. Throws Error when there is none. Shared, since a push may be under
/// way in one thread while another calls connect() again.
[[nodiscard]] std::shared_ptr<Front> front();
/// nullptr instead.
[[nodiscard]] std::shared_ptr<Front> front_if_any() noexcept;

}  // namespace daemonz::offline_tasks
