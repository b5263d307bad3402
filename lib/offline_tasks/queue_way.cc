#include "offline_tasks/queue_way.h"

#include "offline_tasks/broker_options.h"

namespace daemonz::offline_tasks {

broker::PushResult push_parcel(broker::Broker& broker, const Parcel& parcel) {
  const auto& first = parcel.jobs.front();
  const QueueName queue(first.queue);
  const auto options = broker_options(first, real_clock().wall());
  if (parcel.jobs.size() == 1) return broker.push(queue, parcel.bodies.front(), options);
  return broker.push_many(queue, parcel.bodies, options);
}

/// The connections' own time-outs stand for `patience`: libmemcached takes them once.
broker::PushResult QueueWay::take(const Parcel& parcel, Milliseconds) {
  const BrokerPool::Taken broker(brokers_);
  return push_parcel(*broker, parcel);
}

}  // namespace daemonz::offline_tasks
