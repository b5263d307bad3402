#include <doctest/doctest.h>

#include "queue/shop.h"

using namespace daemonz;
using namespace daemonz::tests;

TEST_CASE("queue: an acknowledged delivery is gone, for ever") {
  Shop shop;
  shop.put("q", "x");
  const auto leased = shop.lease("q");
  CHECK(leased.body == "x");
  CHECK(shop.pop("q") == "-");
  CHECK(shop.store->acknowledge(leased.delivery).outcome == Settled::done);
  CHECK(shop.store->acknowledge(leased.delivery).outcome == Settled::gone);
  shop.restart();
  CHECK(shop.pop("q") == "-");
  CHECK(shop.store->acknowledge(leased.delivery).outcome == Settled::gone);
}

TEST_CASE("queue: a delivery is of its queue: another queue's name does not settle it") {
  Shop shop;
  shop.put("q", "x");
  auto leased = shop.lease("q");
  leased.delivery.queue = QueueName("other");
  CHECK(shop.store->acknowledge(leased.delivery).outcome == Settled::gone);
}

TEST_CASE("queue: a lapsed lease brings the item back to the head, with its count") {
  Shop shop;
  shop.put("q", "x");
  shop.put("q", "y");
  const auto leased = shop.lease("q", 5s);
  CHECK(leased.deliveries == 1);
  shop.pass(4999ms);
  CHECK(shop.figures("q").leased == 1);
  shop.pass(1ms);
  CHECK(shop.store->acknowledge(leased.delivery).outcome == Settled::gone);
  const auto again = shop.lease("q", 5s);
  CHECK(again.body == "x");
  CHECK(again.deliveries == 2);
  CHECK(again.delivery.id > leased.delivery.id);
}

TEST_CASE("queue: touch moves the deadline, earlier too") {
  Shop shop;
  shop.put("q", "x");
  const auto leased = shop.lease("q", 5s);
  shop.pass(4s);
  CHECK(shop.store->touch(leased.delivery, 5s, 0).outcome == Settled::done);
  shop.pass(4s);
  CHECK(shop.figures("q").leased == 1);
  CHECK(shop.store->touch(leased.delivery, 100ms, 0).outcome == Settled::done);
  shop.pass(100ms);
  CHECK(shop.store->touch(leased.delivery, 5s, 0).outcome == Settled::gone);
  CHECK(shop.pop("q") == "x");
}

TEST_CASE("queue: leases survive a restart with id and deadline") {
  Shop shop;
  shop.put("q", "x");
  const auto leased = shop.lease("q", 10s);
  CHECK(shop.store->touch(leased.delivery, 20s, 0).outcome == Settled::done);
  shop.restart();
  shop.pass(15s);
  CHECK(shop.pop("q") == "-");
  CHECK(shop.store->touch(leased.delivery, 20s, 0).outcome == Settled::done);
  CHECK(shop.store->acknowledge(leased.delivery).outcome == Settled::done);
}

TEST_CASE("queue: a lease of a connection has 3 s after a restart to be taken over") {
  Shop shop;
  shop.put("q", "x");
  const auto leased = shop.lease("q", 60s, TakeRequest::Mode::open_lease, 7);
  shop.restart();
  SUBCASE("touched: it is the new connection's") {
    shop.pass(2s);
    CHECK(shop.store->touch(leased.delivery, 60s, 8).outcome == Settled::done);
    shop.pass(30s);
    CHECK(shop.pop("q") == "-");
    shop.store->connection_lost(8);
    CHECK(shop.pop("q") == "x");
  }
  SUBCASE("acknowledged from any connection") {
    shop.pass(2s);
    CHECK(shop.store->acknowledge(leased.delivery).outcome == Settled::done);
  }
  SUBCASE("not touched: it comes back, uncounted") {
    shop.pass(3s);
    CHECK(shop.lease("q").deliveries == 1);
  }
}

TEST_CASE("queue: a plain open item comes back at once after a restart, uncounted and in order") {
  Shop shop;
  for (const auto* body : {"a", "b", "c"}) shop.put("q", body);
  shop.lease("q", 0s, TakeRequest::Mode::open, 7);
  shop.lease("q", 0s, TakeRequest::Mode::open, 8);
  shop.restart();
  CHECK(shop.lease("q").deliveries == 1);
  CHECK(shop.pop("q") == "b");
  CHECK(shop.pop("q") == "c");
}

TEST_CASE("queue: a lost connection gives its items back in order, counted") {
  Shop shop;
  for (const auto* body : {"a", "b", "c"}) shop.put("q", body);
  shop.lease("q", 0s, TakeRequest::Mode::open, 7);
  const auto leased = shop.lease("q", 60s, TakeRequest::Mode::open_lease, 7);
  shop.store->connection_lost(7);
  CHECK(shop.store->acknowledge(leased.delivery).outcome == Settled::gone);
  const auto first = shop.lease("q");
  CHECK(first.body == "a");
  CHECK(first.deliveries == 2);
  CHECK(shop.pop("q") == "b");
}

TEST_CASE("queue: after max_deliveries the item is dead, with its reason, also after a restart") {
  Shop shop({.max_deliveries = 2});
  shop.put("q", "poison");
  for (int i = 0; i < 2; ++i) {
    CHECK(shop.lease("q", 1s).body == "poison");
    shop.pass(1s);
  }
  SUBCASE("at once") {}
  SUBCASE("after a restart") { shop.restart(); }
  CHECK(shop.lease("q").body == "-");
  // A dead queue feeds no further one.
  for (int i = 0; i < 5; ++i) {
    CHECK(shop.lease("q.dead", 1s).body == "poison");
    shop.pass(1s);
  }
  CHECK(shop.store->kick(QueueName("q.dead"), 10).outcome == Settled::done);
  CHECK(shop.lease("q").deliveries == 1);
}

TEST_CASE("queue: an item's own limit of deliveries beats the queue's") {
  Shop shop({.max_deliveries = 9});
  shop.put("q", "x", {.max_deliveries = 1});
  shop.lease("q", 1s);
  shop.pass(1s);
  CHECK(shop.figures("q.dead").ready == 1);
}

TEST_CASE("queue: without dead_letter the given-up item is dropped") {
  Shop shop({.dead_letter = false, .max_deliveries = 1});
  shop.put("q", "x");
  shop.lease("q", 1s);
  shop.pass(1s);
  CHECK(shop.figures("q").discarded == 1);
  shop.restart();
  CHECK(shop.pop("q") == "-");
  CHECK(shop.pop("q.dead") == "-");
}

TEST_CASE("queue: undo gives the count back, nack keeps it and may delay") {
  Shop shop;
  shop.put("q", "x");
  CHECK(shop.store->release_uncounted(shop.lease("q").delivery).outcome == Settled::done);
  auto leased = shop.lease("q");
  CHECK(leased.deliveries == 1);
  CHECK(shop.store->release(leased.delivery, 1s).outcome == Settled::done);
  CHECK(shop.pop("q") == "-");
  shop.restart();
  shop.pass(1s);
  leased = shop.lease("q");
  CHECK(leased.deliveries == 2);
  CHECK(shop.store->reject(leased.delivery).outcome == Settled::done);
  CHECK(shop.pop("q.dead") == "x");
}

TEST_CASE("queue: retry_delay holds a lapsed item back") {
  Shop shop({.retry_delay = 5s});
  shop.put("q", "x");
  shop.lease("q", 1s);
  shop.pass(1s);
  CHECK(shop.pop("q") == "-");
  shop.pass(5s);
  CHECK(shop.pop("q") == "x");
}

TEST_CASE("queue: buried and paused survive a restart; kick and resume end them") {
  Shop shop;
  shop.put("q", "x");
  CHECK(shop.store->bury(shop.lease("q").delivery).outcome == Settled::done);
  shop.put("q", "y");
  CHECK(shop.store->pause(QueueName("q")).outcome == Settled::done);
  shop.restart();
  CHECK(shop.figures("q").buried == 1);
  CHECK(shop.pop("q") == "-");
  CHECK(shop.store->resume(QueueName("q")).outcome == Settled::done);
  CHECK(shop.store->kick(QueueName("q"), 5).outcome == Settled::done);
  CHECK(shop.pop("q") == "y");
  CHECK(shop.pop("q") == "x");
}

TEST_CASE("queue: an item in a dead queue holds no unique key") {
  Shop shop;
  const PutRequest request{.unique = queue::hash_key("key")};
  shop.put("q", "x", request);
  CHECK(shop.store->reject(shop.lease("q").delivery).outcome == Settled::done);
  SUBCASE("at once") {}
  SUBCASE("after a restart") { shop.restart(); }
  CHECK(shop.put("q", "y", request) == PutOutcome::stored);
}

TEST_CASE("queue: a plain pop that could not be sent is back at the head, uncounted") {
  Shop shop;
  shop.put("q", "x", {.id = queue::hash_key("id"), .unique = queue::hash_key("key")});
  shop.put("q", "y");
  const std::vector<QueueName> queues = {QueueName("q")};
  const auto taken = shop.store->take({.queues = queues});
  REQUIRE(taken);
  shop.store->unsent(taken->unsent);
  SUBCASE("at once") {}
  SUBCASE("after a restart") { shop.restart(); }
  CHECK(shop.put("q", "z", {.unique = queue::hash_key("key")}) == PutOutcome::key_held);
  const auto leased = shop.lease("q");
  CHECK(leased.body == "x");
  CHECK(leased.deliveries == 1);
}

TEST_CASE("queue: a token leads to its item only while that stands in the token's queue") {
  Shop shop;
  const auto id = queue::hash_key("token");
  const QueueName q("q");
  shop.put("q", "x", {.id = id});
  CHECK(shop.store->reject(shop.lease("q").delivery).outcome == Settled::done);
  SUBCASE("in this run") {}
  SUBCASE("after a restart") { shop.restart(); }
  CHECK(shop.store->remove_by_id(q, id).outcome == Settled::gone);
  SUBCASE("dead and popped: it is gone") {
    CHECK(shop.pop("q.dead") == "x");
    CHECK(shop.store->remove_by_id(q, id).outcome == Settled::gone);
  }
  SUBCASE("kicked: it is back") {
    CHECK(shop.store->kick(QueueName("q.dead"), 1).outcome == Settled::done);
    CHECK(shop.store->remove_by_id(q, id).outcome == Settled::done);
    CHECK(shop.pop("q") == "-");
  }
  CHECK(shop.put("q", "again", {.id = id}) == PutOutcome::stored);  // remembered all the time
  CHECK(shop.pop("q") == "-");
}

TEST_CASE("queue: items that are due at once come in the order of their puts") {
  Shop shop;
  for (const auto* body : {"1", "2", "3"}) shop.put("q", body, {.delay = 1s});
  shop.pass(1s);
  for (const auto* body : {"1", "2", "3"}) CHECK(shop.pop("q") == body);
}
