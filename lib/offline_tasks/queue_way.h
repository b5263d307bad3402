// Onto the queue of the broker: strategy `queue`. Private to this room.
#pragma once

#include "offline_tasks/broker_pool.h"
#include "offline_tasks/way.h"

namespace daemonz::offline_tasks {

/// One push or one push_many of a broker.
[[nodiscard]] broker::PushResult push_parcel(broker::Broker& broker, const Parcel& parcel);

/// Threads: any.
class QueueWay final : public Way {
 public:
  /// Checks the URL (throws Error); connects at the first push.
  explicit QueueWay(broker::Options options) : brokers_(options) { (void)broker::connect(options); }

  [[nodiscard]] std::string_view name() const override { return "queue"; }
  [[nodiscard]] bool is_remote() const override { return true; }
  broker::PushResult take(const Parcel& parcel, Milliseconds patience) override;

 private:
  BrokerPool brokers_;
};

}  // namespace daemonz::offline_tasks
