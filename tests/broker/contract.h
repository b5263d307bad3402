// The fixture of the contract suite: an engine that runs, and a connection to it.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "support/broker_engine.h"

namespace daemonz::tests {

using EngineUnderTest = MemcacheEngine;

inline const QueueName pulls("pulls"), pushes("pushes"), mail("mail");

struct Contract {
  EngineUnderTest engine;
  std::unique_ptr<broker::Broker> broker = engine.connect();

  void push(const QueueName& queue, std::string_view body,
            const broker::PushOptions& options = {}) {
    REQUIRE(broker->push(queue, body, options).state == broker::PushState::confirmed);
  }
  [[nodiscard]] std::optional<broker::Lease> pop(const broker::PopRequest& request) {
    return broker->pop(request).lease;
  }
  [[nodiscard]] std::optional<broker::Lease> pop(const QueueName& queue,
                                                 Milliseconds wait = Milliseconds(0)) {
    return pop({.queues = {queue}, .wait = wait});
  }
  /// Pops and acks; "" when nothing is there.
  [[nodiscard]] std::string take(const QueueName& queue, Milliseconds wait = Milliseconds(0)) {
    const auto lease = pop(queue, wait);
    if (!lease) return "";
    CHECK(broker->ack(*lease) == broker::Settled::done);
    return lease->body;
  }
};

/// A connection of one's own that leases an item of `queue` and is then lost.
inline broker::Lease leased_and_lost(const Contract& contract, const QueueName& queue) {
  const auto lost = contract.engine.connect();
  return lost->pop({.queues = {queue}, .wait = Seconds(2)}).lease.value();
}

}  // namespace daemonz::tests
