// What every engine promises (broker.h, broker.md, delivery.md), shown on the real ones. An engine
// that lacks a capability says so, and its cases are left out.
#include <doctest/doctest.h>

#include <future>
#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "support/broker_engine.h"

using namespace daemonz;
using namespace broker;
using namespace std::chrono_literals;

namespace {

using EngineUnderTest = tests::MemcacheEngine;

const QueueName pulls("pulls"), pushes("pushes"), mail("mail");

struct Contract {
  EngineUnderTest engine;
  std::unique_ptr<Broker> broker = engine.connect();

  void push(const QueueName& queue, std::string_view body, const PushOptions& options = {}) {
    REQUIRE(broker->push(queue, body, options).state == PushState::confirmed);
  }
  [[nodiscard]] std::optional<Lease> pop(const PopRequest& request) {
    return broker->pop(request).lease;
  }
  [[nodiscard]] std::optional<Lease> pop(const QueueName& queue, Milliseconds wait = 0ms) {
    return pop({.queues = {queue}, .wait = wait});
  }
  /// Pops and acks; "" when nothing is there.
  [[nodiscard]] std::string take(const QueueName& queue, Milliseconds wait = 0ms) {
    const auto lease = pop(queue, wait);
    if (!lease) return "";
    CHECK(broker->ack(*lease) == Settled::done);
    return lease->body;
  }
};

/// A connection of one's own that leases an item of `queue` and is then lost.
Lease leased_and_lost(const Contract& contract, const QueueName& queue) {
  const auto lost = contract.engine.connect();
  return lost->pop({.queues = {queue}, .wait = 2s}).lease.value();
}

}  // namespace

TEST_CASE_FIXTURE(Contract, "broker: what was confirmed is handed out, byte for byte, in order") {
  const std::string bytes("\0\r\nEND\r\n\xff", 9);
  push(mail, bytes);
  push(mail, "");
  push(mail, std::string(1'000'000, 'x'));
  CHECK(take(mail) == bytes);
  const auto empty = pop(mail);
  REQUIRE(empty);
  CHECK(empty->body.empty());
  CHECK(empty->queue == mail);
  CHECK(empty->id != 0);
  CHECK(take(mail).size() == 1'000'000);
  CHECK_FALSE(pop(mail));
}

TEST_CASE_FIXTURE(Contract, "broker: what is too large is refused, and the connection goes on") {
  CHECK(broker->push(mail, std::string((1 << 20) + 1, 'x'), {}).state == PushState::refused);
  push(mail, "small");
  CHECK(take(mail) == "small");
}

TEST_CASE_FIXTURE(Contract, "broker: the first queue of a pop goes first, then the best priority") {
  push(pushes, "push");
  push(pulls, "later", {.priority = Priority{9}});
  push(pulls, "first", {.priority = Priority{0}});
  push(pulls, "middle");
  const PopRequest request{.queues = {pulls, pushes}};
  for (const auto* expected : {"first", "middle", "later", "push"}) {
    const auto lease = pop(request);
    REQUIRE(lease);
    CHECK(lease->body == expected);
  }
}

TEST_CASE_FIXTURE(Contract, "broker: a pop sees only the priorities that it asks for") {
  push(mail, "0", {.priority = Priority{0}});
  push(mail, "9", {.priority = Priority{9}});
  const auto lease =
      pop({.queues = {mail}, .priority_min = Priority{1}, .priority_max = Priority{9}});
  REQUIRE(lease);
  CHECK(lease->body == "9");
  CHECK_FALSE(pop({.queues = {mail}, .priority_min = Priority{1}}));
}

TEST_CASE_FIXTURE(Contract, "broker: a waiting pop gets what another connection pushes") {
  auto waiting = std::async(std::launch::async, [&] {
    const auto own = engine.connect();
    auto popped = own->pop({.queues = {pulls, pushes}, .wait = 20s});
    REQUIRE(popped.lease);
    CHECK(own->ack(*popped.lease) == Settled::done);
    return popped.lease->body;
  });
  push(pushes, "x");
  CHECK(waiting.get() == "x");
}

TEST_CASE_FIXTURE(Contract, "broker: an empty pop ends after its wait") {
  const auto begin = real_clock().steady();
  CHECK_FALSE(pop(mail, 150ms));
  const auto took = real_clock().steady() - begin;
  CHECK(took >= 150ms);
  CHECK(took < 2s);
}

TEST_CASE_FIXTURE(Contract, "broker: a delayed item is never early") {
  const auto begin = real_clock().steady();
  push(mail, "later", {.delay = 300ms});
  push(mail, "now");
  CHECK(take(mail) == "now");
  CHECK(take(mail, 10s) == "later");
  CHECK(real_clock().steady() - begin >= 300ms);
}

TEST_CASE_FIXTURE(Contract, "broker: a second push of one id is confirmed and stores nothing") {
  push(mail, "once", {.id = "01J"});
  push(mail, "once", {.id = "01J"});
  CHECK(take(mail) == "once");
  CHECK_FALSE(pop(mail));
  push(mail, "once", {.id = "01J"});  // remembered also after the ack
  CHECK_FALSE(pop(mail));
}

TEST_CASE_FIXTURE(Contract, "broker: a unique key holds while its item or a successor lives") {
  const PushOptions unique{.unique_key = std::string(32, 'a')};
  push(mail, "one", unique);
  CHECK(broker->push(mail, "two", unique).state == PushState::duplicate);
  const auto lease = pop(mail);
  REQUIRE(lease);
  CHECK(broker->push(mail, "three", unique).state == PushState::duplicate);
  CHECK(broker->replace(*lease, mail, "again", {}) == Settled::done);
  CHECK(broker->push(mail, "four", unique).state == PushState::duplicate);
  CHECK(take(mail) == "again");
  push(mail, "five", unique);
}

TEST_CASE_FIXTURE(Contract, "broker: a lost connection gives its items back at once") {
  push(mail, "x");
  const auto lost = leased_and_lost(*this, mail);
  const auto again = pop(mail, 5s);
  REQUIRE(again);
  CHECK(again->body == "x");
  CHECK(again->id > lost.id);
  CHECK(broker->ack(lost) == Settled::gone);
  CHECK(broker->ack(*again) == Settled::done);
  CHECK(broker->ack(*again) == Settled::gone);
}

TEST_CASE_FIXTURE(Contract, "broker: a lapsed lease comes back, and its holder learns it") {
  push(mail, "x");
  const auto slow = pop({.queues = {mail}, .lease = 100ms});
  REQUIRE(slow);
  const auto other = engine.connect();
  const auto again = other->pop({.queues = {mail}, .wait = 10s}).lease;
  REQUIRE(again);
  CHECK(again->body == "x");
  CHECK(broker->extend(*slow, 10s) == Settled::gone);
  CHECK(broker->replace(*slow, mail, "y", {}) == Settled::gone);
  CHECK(broker->release(*slow, Broker::Release::counted) == Settled::gone);
  CHECK(other->ack(*again) == Settled::done);
  CHECK_FALSE(pop(mail));
}

TEST_CASE_FIXTURE(Contract,
                  "broker: a lease that is extended, also from another connection, stays") {
  push(mail, "x");
  const auto lease = pop({.queues = {mail}, .lease = 1s});
  REQUIRE(lease);
  const auto heartbeat = engine.connect();
  CHECK(heartbeat->extend(*lease, 30s) == Settled::done);
  CHECK_FALSE(heartbeat->pop({.queues = {mail}, .wait = 1200ms}).lease);
  CHECK(broker->ack(*lease) == Settled::done);
}

TEST_CASE_FIXTURE(Contract, "broker: a released item comes back first, or after its delay") {
  push(mail, "one");
  push(mail, "two");
  auto lease = pop(mail);
  REQUIRE(lease);
  CHECK(broker->release(*lease, Broker::Release::counted) == Settled::done);
  lease = pop(mail);
  REQUIRE(lease);
  CHECK(lease->body == "one");
  const auto begin = real_clock().steady();
  CHECK(broker->release(*lease, Broker::Release::counted, 300ms) == Settled::done);
  CHECK(take(mail) == "two");
  CHECK(take(mail, 10s) == "one");
  CHECK(real_clock().steady() - begin >= 300ms);
}

TEST_CASE_FIXTURE(Contract, "broker: an item released uncounted does not wear out") {
  push(mail, "x", {.deliveries_max = 2});
  for (int i = 0; i < 3; ++i) {
    const auto lease = pop(mail);
    REQUIRE(lease);
    REQUIRE(broker->release(*lease, Broker::Release::uncounted) == Settled::done);
  }
  CHECK(take(mail) == "x");
}

TEST_CASE_FIXTURE(Contract,
                  "broker: an item that kills its holder each time ends in the dead queue") {
  push(mail, "poison", {.deliveries_max = 2});
  (void)leased_and_lost(*this, mail);
  (void)leased_and_lost(*this, mail);
  CHECK(take(mail.dead(), 5s) == "poison");
  CHECK_FALSE(pop(mail));
}

TEST_CASE_FIXTURE(Contract, "broker: replace stores the successor and settles the item as one") {
  push(pulls, "attempt 0");
  const auto lease = pop(pulls);
  REQUIRE(lease);
  CHECK(broker->replace(*lease, mail, "attempt 1", {.priority = Priority{1}}) == Settled::done);
  CHECK(broker->ack(*lease) == Settled::gone);
  CHECK(broker->replace(*lease, mail, "attempt 1", {}) == Settled::gone);
  CHECK_FALSE(pop(pulls));
  CHECK(take(mail) == "attempt 1");
  CHECK_FALSE(pop(mail));
}

TEST_CASE_FIXTURE(Contract,
                  "broker: a successor of larger size that does not fit leaves the item") {
  push(mail, "x");
  const auto lease = pop(mail);
  REQUIRE(lease);
  CHECK(broker->replace(*lease, mail, std::string((1 << 20) + 1, 'x'), {}) == Settled::failed);
  CHECK(broker->ack(*lease) == Settled::done);
}

TEST_CASE_FIXTURE(Contract, "broker: dead moves the item into the dead queue") {
  push(mail, "x");
  const auto lease = pop(mail);
  REQUIRE(lease);
  CHECK(broker->dead(*lease) == Settled::done);
  CHECK(broker->dead(*lease) == Settled::gone);
  CHECK_FALSE(pop(mail));
  CHECK(take(mail.dead()) == "x");
}

TEST_CASE_FIXTURE(Contract, "broker: ack and next pop travel in one round trip") {
  push(mail, "one");
  push(mail, "two");
  const auto one = pop(mail);
  REQUIRE(one);
  const auto next = broker->pop({.queues = {mail}, .ack = one});
  CHECK(next.settled == Settled::done);
  REQUIRE(next.lease);
  CHECK(next.lease->body == "two");
  const auto gone = broker->pop({.queues = {mail}, .ack = one});
  CHECK(gone.settled == Settled::gone);
  CHECK_FALSE(gone.lease);
  const auto last = broker->pop({.queues = {mail}, .ack = next.lease});
  CHECK(last.settled == Settled::done);
  CHECK_FALSE(last.lease);
}

TEST_CASE_FIXTURE(Contract, "broker: a batch is stored whole, in order, and once per id") {
  const std::vector<std::string> bodies = {"a", "", "c\r\n"};
  const PushOptions options{.id = "batch1"};
  CHECK(broker->push_many(mail, bodies, options).state == PushState::confirmed);
  CHECK(broker->push_many(mail, bodies, options).state == PushState::confirmed);
  CHECK(broker->depth(mail) == 3);
  for (const auto& body : bodies) {
    const auto lease = pop(mail);
    REQUIRE(lease);
    CHECK(lease->body == body);
  }
  const std::vector<std::string> bad = {"a", std::string((1 << 20) + 1, 'x')};
  CHECK(broker->push_many(pulls, bad, {}).state == PushState::refused);
  CHECK(broker->depth(pulls) == 0);
}

TEST_CASE_FIXTURE(Contract, "broker: an expired item is not handed out") {
  push(mail, "gone", {.expires_in = 1ms});
  push(mail, "long", {.delay = 100ms, .expires_in = 1h});
  const auto later = real_clock().steady() + 5ms;
  while (real_clock().steady() < later) std::this_thread::yield();
  CHECK(take(mail, 10s) == "long");
  CHECK_FALSE(pop(mail));
}

TEST_CASE_FIXTURE(Contract, "broker: depth counts what is ready, queues names what exists") {
  CHECK(broker->depth(mail) == 0);
  push(mail, "1");
  push(mail, "2");
  push(mail, "3", {.delay = 1h});
  push(pulls, "4");
  CHECK(broker->depth(mail) == 2);
  const auto queues = broker->queues();
  const std::set<QueueName> names(queues.begin(), queues.end());
  CHECK(names == std::set{mail, pulls});
}

TEST_CASE_FIXTURE(Contract, "broker: interrupt ends a wait, and what is pushed then is not lost") {
  const auto waiting = engine.connect();
  auto popped = std::async(std::launch::async,
                           [&] { return waiting->pop({.queues = {mail}, .wait = 20s}).lease; });
  const auto begin = real_clock().steady();
  waiting->interrupt();
  const auto none = popped.get();
  CHECK(real_clock().steady() - begin < 2s);
  CHECK_FALSE(none);
  push(mail, "x");
  CHECK(take(mail, 5s) == "x");
  CHECK_FALSE(waiting->pop({.queues = {mail}}).lease);  // it connects again
}

TEST_CASE_FIXTURE(Contract,
                  "broker: a killed server is unreachable; started again, it has everything") {
  push(mail, "kept", {.priority = Priority{1}});
  push(mail, "kept too");
  engine.kill();
  CHECK(broker->push(mail, "lost", {}).state == PushState::unreachable);
  CHECK_THROWS_WITH_AS((void)broker->pop({.queues = {mail}}), doctest::Contains("cannot reach"),
                       Error);
  engine.start();
  CHECK(take(mail) == "kept");
  CHECK(take(mail) == "kept too");
  CHECK_FALSE(pop(mail));
}

TEST_CASE_FIXTURE(Contract, "broker: a server killed under a waiting pop ends it with an error") {
  std::promise<void> is_waiting;
  auto outcome = std::async(std::launch::async, [&] {
    const auto own = engine.connect();
    (void)own->depth(mail);  // connected
    is_waiting.set_value();
    try {
      (void)own->pop({.queues = {mail}, .wait = 20s});
      return std::string("no error");
    } catch (const Error& error) {
      return std::string(error.what());
    }
  });
  is_waiting.get_future().wait();
  engine.kill();
  CHECK(outcome.get().find("cannot reach the queue server") != std::string::npos);
}

TEST_CASE_FIXTURE(Contract, "broker: a lease outlives its server, if it is extended soon") {
  push(mail, "x");
  const auto lease = pop(mail);
  REQUIRE(lease);
  engine.kill();
  engine.start();
  const auto heartbeat = engine.connect();
  CHECK(heartbeat->extend(*lease, 30s) == Settled::done);
  CHECK_FALSE(heartbeat->pop({.queues = {mail}, .wait = 100ms}).lease);
  CHECK(broker->ack(*lease) == Settled::done);
  CHECK_FALSE(pop(mail));
}

TEST_CASE_FIXTURE(Contract,
                  "broker: pushes repeated with their ids through kills are stored once each") {
  constexpr int jobs = 60;
  std::atomic<bool> is_done = false;
  auto killer = std::async(std::launch::async, [&] {
    for (int i = 0; i < 5 && !is_done; ++i) {
      engine.kill();
      engine.start();
      // Lets some pushes through before the next blow.
      const auto watcher = engine.connect();
      const auto before = watcher->depth(mail);
      while (!is_done && watcher->depth(mail) < before + 5) std::this_thread::yield();
    }
  });
  for (int i = 0; i < jobs; ++i) {
    const PushOptions options{.id = "job" + std::to_string(i)};
    while (broker->push(mail, std::to_string(i), options).state != PushState::confirmed)
      std::this_thread::yield();
  }
  is_done = true;
  killer.get();
  CHECK(broker->depth(mail) == jobs);
  std::set<std::string> seen;
  while (const auto lease = pop(mail)) {
    CHECK(seen.insert(lease->body).second);
    REQUIRE(broker->ack(*lease) == Settled::done);
  }
  CHECK(seen.size() == jobs);
}

TEST_CASE_FIXTURE(Contract, "broker: threads with connections of their own take each item once") {
  constexpr int items = 400, threads = 4;
  std::vector<std::string> bodies;
  for (int i = 0; i < items; ++i) bodies.push_back(std::to_string(i));
  REQUIRE(broker->push_many(mail, bodies, {}).state == PushState::confirmed);
  std::mutex mutex;
  std::multiset<std::string> taken;
  {
    std::vector<std::jthread> running;
    for (int i = 0; i < threads; ++i)
      running.emplace_back([&] {
        const auto own = engine.connect();
        while (const auto lease = own->pop({.queues = {mail}}).lease) {
          if (own->ack(*lease) != Settled::done) break;
          const std::lock_guard lock(mutex);
          taken.insert(lease->body);
        }
      });
  }
  CHECK(taken.size() == items);
  CHECK(std::set(taken.begin(), taken.end()).size() == items);
}
