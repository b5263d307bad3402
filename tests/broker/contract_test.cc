// What every engine promises (broker.h, broker.md), shown on the real ones. What holds when threads
// and servers die is contract_faults_test.cc's.
#include <doctest/doctest.h>

#include <future>
#include <set>
#include <thread>

#include "contract.h"

using namespace daemonz;
using namespace broker;
using namespace tests;
using namespace std::chrono_literals;

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

TEST_CASE_FIXTURE(Contract, "broker: an item released uncounted is back at once") {
  push(mail, "x");
  const auto lease = pop(mail);
  REQUIRE(lease);
  CHECK(broker->release(*lease, Broker::Release::uncounted, 60s) == Settled::done);
  CHECK(take(mail) == "x");
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
  CHECK(broker->replace(*lease, mail, std::string((1 << 20) + 1, 'x'), {}) == Settled::refused);
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

TEST_CASE_FIXTURE(Contract, "broker: cancel takes an item out by its id, and its lease away") {
  if (!broker->capabilities().has_cancel) return;
  push(mail, "waits", {.id = "a"});
  CHECK(broker->cancel(mail, "a") == Settled::done);
  CHECK(broker->cancel(mail, "a") == Settled::gone);
  CHECK_FALSE(pop(mail));
  push(mail, "is leased", {.id = "b"});
  const auto lease = pop(mail);
  REQUIRE(lease);
  CHECK(broker->replace(*lease, mail, "its successor", {}) == Settled::done);
  const auto successor = pop(mail);
  REQUIRE(successor);
  CHECK(engine.connect()->cancel(mail, "b") == Settled::done);
  CHECK(broker->extend(*successor, 10s) == Settled::gone);
  CHECK(broker->ack(*successor) == Settled::gone);
  CHECK_FALSE(pop(mail));
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

TEST_CASE_FIXTURE(Contract, "broker: with the longest queue names too a pop carries its ack") {
  PopRequest request;
  for (const char letter : {'a', 'b', 'c'}) request.queues.emplace_back(std::string(60, letter));
  const auto& last = request.queues.back();
  push(last, "one");
  push(last, "two");
  request.ack = pop(request);
  REQUIRE(request.ack);
  const auto next = broker->pop(request);
  CHECK(next.settled == Settled::done);
  REQUIRE(next.lease);
  CHECK(next.lease->body == "two");
  CHECK(broker->ack(*request.ack) == Settled::gone);
  CHECK(broker->pop(request).settled == Settled::gone);
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
