#include <doctest/doctest.h>

#include "queue/shop.h"

using namespace daemonz;
using namespace daemonz::tests;

namespace {

PutRequest at(std::uint8_t level) { return {.priority = Priority{level}}; }

}  // namespace

TEST_CASE("queue: first in, first out, better priorities first") {
  Shop shop;
  shop.put("q", "d1", at(4));
  shop.put("q", "late", at(9));
  shop.put("q", "d2", at(4));
  shop.put("q", "urgent", at(0));
  SUBCASE("at once") {}
  SUBCASE("after a restart") { shop.restart(); }
  for (const auto* expected : {"urgent", "d1", "d2", "late", "-"}) CHECK(shop.pop("q") == expected);
}

TEST_CASE("queue: only the asked priorities are handed out") {
  Shop shop;
  shop.put("q", "first", at(0));
  shop.put("q", "middle", at(5));
  CHECK(shop.pop("q", {.priority_min = Priority{1}, .priority_max = Priority{4}}) == "-");
  CHECK(shop.pop("q", {.priority_min = Priority{1}, .priority_max = Priority{5}}) == "middle");
  CHECK(shop.pop("q") == "first");
}

TEST_CASE("queue: flags are kept, bodies are bytes") {
  Shop shop;
  const std::string body("\0\r\n\xff", 4);
  shop.put("q", body, {.flags = 4'000'000'000});
  shop.restart();
  CHECK(shop.pop("q") == body);
  CHECK(shop.last_flags == 4'000'000'000);
}

TEST_CASE(
    "queue: the first of several queues that has an item gives it, and tells the better ones") {
  Shop shop;
  shop.put("b", "of b");
  const std::vector<QueueName> queues = {QueueName("a"), QueueName("b")};
  auto taken = shop.store->take({.queues = queues});
  REQUIRE(taken);
  CHECK(taken->queue == "b");
  CHECK(taken->better_ready == 0);
  shop.store->sent(taken->unsent);
  shop.put("b", "of b");
  shop.put("a", "of a");
  taken = shop.store->take({.queues = queues});
  REQUIRE(taken);
  CHECK(taken->queue == "a");
}

TEST_CASE("queue: a delayed item comes in its time and stands where that puts it") {
  Shop shop;
  shop.put("q", "delayed", {.delay = 500ms});
  shop.put("q", "before");
  shop.pass(499ms);
  CHECK(shop.figures("q").delayed == 1);
  CHECK(shop.store->next_deadline().has_value());
  SUBCASE("without a restart") { shop.pass(1ms); }
  SUBCASE("with a restart before") {
    shop.restart();
    CHECK(shop.pop("q") == "before");
    CHECK(shop.pop("q") == "-");
    shop.put("q", "before");
    shop.pass(1ms);
  }
  SUBCASE("with a restart behind") {
    shop.pass(1ms);
    shop.restart();
  }
  shop.put("q", "behind");
  for (const auto* expected : {"before", "delayed", "behind"}) CHECK(shop.pop("q") == expected);
}

TEST_CASE("queue: an expired item is never handed out") {
  Shop shop;
  shop.put("q", "short", {.expires_at = shop.clock.wall() + 1s});
  shop.put("q", "long", {.expires_at = shop.clock.wall() + 10s});
  shop.pass(1s);
  CHECK(shop.figures("q").items() == 2);
  CHECK(shop.pop("q") == "long");
  CHECK(shop.figures("q").expired == 1);
  shop.restart();
  CHECK(shop.pop("q") == "-");
}

TEST_CASE("queue: expired items go where expire_to says") {
  Shop shop({.expire_to = "old"});
  for (const auto* body : {"one", "two"})
    shop.put("q", body, {.expires_at = shop.clock.wall() + 1s});
  shop.pass(1s);
  CHECK(shop.pop("q") == "-");
  CHECK(shop.figures("old").ready == 2);
  CHECK(shop.pop("old") == "one");
  shop.restart();
  CHECK(shop.pop("old") == "two");
}

TEST_CASE("queue: a retry token stores once, within its window, also after a restart") {
  Shop shop;
  const PutRequest request{.id = queue::hash_key("token")};
  CHECK(shop.put("q", "x", request) == PutOutcome::stored);
  CHECK(shop.put("q", "again", request) == PutOutcome::stored);
  CHECK(shop.pop("q") == "x");
  shop.restart();
  CHECK(shop.put("q", "again", request) == PutOutcome::stored);
  CHECK(shop.pop("q") == "-");
  shop.pass(10min);
  shop.put("q", "new", request);
  CHECK(shop.pop("q") == "new");
}

TEST_CASE("queue: a unique key is held while the item lives") {
  Shop shop;
  const PutRequest request{.unique = queue::hash_key("key")};
  CHECK(shop.put("q", "x", request) == PutOutcome::stored);
  shop.restart();
  CHECK(shop.put("q", "y", request) == PutOutcome::key_held);
  const auto leased = shop.lease("q");
  CHECK(shop.put("q", "y", request) == PutOutcome::key_held);
  CHECK(shop.store->acknowledge(leased.delivery).outcome == Settled::done);
  CHECK(shop.put("q", "y", request) == PutOutcome::stored);
  CHECK(shop.pop("q") == "y");
  CHECK(shop.put("q", "z", request) == PutOutcome::stored);
}

TEST_CASE("queue: a successor takes the place of the acknowledged item, both or neither") {
  Shop shop;
  const auto key = queue::hash_key("key");
  shop.put("q", "job", {.id = queue::hash_key("id"), .unique = key});
  const auto leased = shop.lease("q");
  // Its own token and key are no obstacle; they pass on.
  CHECK(shop.put("q", "retry",
                 {.delay = 1s, .id = queue::hash_key("id"), .acknowledges = leased.delivery}) ==
        PutOutcome::stored);
  SUBCASE("at once") {}
  SUBCASE("after a restart") { shop.restart(); }
  CHECK(shop.store->acknowledge(leased.delivery).outcome == Settled::gone);
  CHECK(shop.pop("q") == "-");
  CHECK(shop.put("q", "other", {.unique = key}) == PutOutcome::key_held);
  CHECK(shop.put("q", "twice", {.acknowledges = leased.delivery}) == PutOutcome::gone);
  shop.pass(1s);
  CHECK(shop.pop("q") == "retry");
  CHECK(shop.pop("q") == "-");
  CHECK(shop.put("q", "other", {.unique = key}) == PutOutcome::stored);
}

TEST_CASE("queue: a successor whose token a third item used stores nothing and acknowledges") {
  Shop shop;
  shop.put("q", "third", {.id = queue::hash_key("id")});
  shop.put("p", "job");
  const auto leased = shop.lease("p");
  CHECK(shop.put("q", "x", {.id = queue::hash_key("id"), .acknowledges = leased.delivery}) ==
        PutOutcome::stored);
  CHECK(shop.figures("q").items() == 1);
  CHECK(shop.figures("p").items() == 0);
}

TEST_CASE("queue: many are stored together, and a torn group not at all") {
  Shop shop;
  const std::vector<std::string_view> bodies = {"a", "b", "c"};
  const queue::PutRequest request{.id = queue::hash_key("batch")};
  CHECK(shop.store->put_many(QueueName("q"), bodies, request).outcome == PutOutcome::stored);
  CHECK(shop.store->put_many(QueueName("q"), bodies, request).outcome == PutOutcome::stored);
  shop.store->flush();
  const auto image = shop.disk->as_written();
  SUBCASE("whole") {
    shop.restart();
    for (const auto* expected : {"a", "b", "c", "-"}) CHECK(shop.pop("q") == expected);
  }
  SUBCASE("torn") {
    auto torn = image;
    auto& bytes = torn.begin()->second;
    const auto last = bytes.find_last_not_of('\0');
    bytes[last] ^= 1;
    shop.store.reset();
    shop.disk = std::make_unique<FaultyDisk>(torn);
    shop.open();
    CHECK(shop.pop("q") == "-");
    shop.put("q", "later");
    shop.restart();
    CHECK(shop.pop("q") == "later");
  }
}

TEST_CASE("queue: an item is removed by its token, key or sequence, in every state") {
  const auto id = queue::hash_key("id"), key = queue::hash_key("key");
  const QueueName q("q");
  enum State { ready, delayed, leased, buried };
  enum By { token, unique_key, sequence };
  for (const auto state : {ready, delayed, leased, buried})
    for (const auto by : {token, unique_key, sequence})
      for (const bool restarts : {false, true}) {
        CAPTURE(state);
        CAPTURE(by);
        CAPTURE(restarts);
        Shop shop;
        shop.put("q", "x", {.delay = state == delayed ? 5s : 0s, .id = id, .unique = key});
        shop.put("q", "y", {.delay = 1ms});
        queue::Delivery delivery{q, 0};
        if (state == leased || state == buried) delivery = shop.lease("q", 60s).delivery;
        if (state == buried) CHECK(shop.store->bury(delivery).outcome == Settled::done);
        const auto remove = [&] {
          if (by == token) return shop.store->remove_by_id(q, id).outcome;
          if (by == unique_key) return shop.store->remove_by_unique(q, key).outcome;
          return shop.store->remove_by_sequence(q, 1).outcome;
        };
        CHECK(remove() == Settled::done);
        CHECK(remove() == Settled::gone);
        CHECK(shop.store->touch(delivery, 1s, 0).outcome == Settled::gone);
        CHECK(shop.figures("q").items() == 1);
        if (restarts) shop.restart();
        CHECK(shop.put("q", "x", {.id = id}) == PutOutcome::stored);  // the token stays remembered
        CHECK(shop.put("q", "new", {.unique = key}) == PutOutcome::stored);
        CHECK(shop.pop("q") == "new");
        shop.pass(10s);
        CHECK(shop.pop("q") == "y");
        CHECK(shop.pop("q") == "-");
      }
}

TEST_CASE("queue: a full queue refuses, or drops its oldest") {
  Shop shop({.max_items = 2});
  CHECK(shop.put("q", "a") == PutOutcome::stored);
  CHECK(shop.put("q", "b") == PutOutcome::stored);
  CHECK(shop.put("q", "c") == PutOutcome::full);
  Shop dropping({.max_items = 2, .discard_oldest = true});
  for (const auto* body : {"a", "b", "c"}) CHECK(dropping.put("q", body) == PutOutcome::stored);
  CHECK(dropping.pop("q") == "b");
}

TEST_CASE("queue: flush and drop empty a queue, its keys and its tokens") {
  Shop shop;
  const PutRequest request{.id = queue::hash_key("id"), .unique = queue::hash_key("key")};
  shop.put("q", "x", request);
  shop.put("q", "later", {.delay = 1s});
  const auto leased = shop.lease("q");
  CHECK(shop.store->flush_queue(QueueName("q")).outcome == Settled::done);
  CHECK(shop.store->acknowledge(leased.delivery).outcome == Settled::gone);
  shop.restart();
  shop.pass(1s);
  CHECK(shop.pop("q") == "-");
  CHECK(shop.put("q", "y", request) == PutOutcome::stored);
  CHECK(shop.store->drop_queue(QueueName("q")).outcome == Settled::done);
  CHECK(shop.store->drop_queue(QueueName("q")).outcome == Settled::gone);
  CHECK(shop.store->figures().empty());
}

TEST_CASE("queue: confirmed means durable: the answer waits for the queue's durability") {
  Shop shop;
  const auto result = shop.store->put(QueueName("q"), "x", {});
  CHECK(result.wait_for == shop.store->appended());
  Shop quick({.durability = queue::Durability::never});
  CHECK(quick.store->put(QueueName("q"), "x", {}).wait_for == 0);
  CHECK(quick.store->put(QueueName("q"), "x", {.is_synced = true}).wait_for > 0);
}

TEST_CASE("queue: a failed disk hands nothing out and confirms nothing") {
  Shop shop;
  shop.put("q", "x");
  shop.put("q", "y");
  const auto leased = shop.lease("q");
  shop.store->flush();
  shop.disk->fail_writes(EIO);
  shop.put("q", "z");
  shop.store->flush();
  CHECK(shop.store->is_failed());
  CHECK(shop.pop("q") == "-");
  CHECK(shop.put("q", "z") == PutOutcome::failed);
  CHECK(shop.store->acknowledge(leased.delivery).outcome == Settled::failed);
}

TEST_CASE("queue: a full disk refuses puts; acknowledgements and hand-outs go on") {
  Shop shop;
  shop.disk->limit_space(70 << 20);
  const std::string body(100'000, 'x');
  int stored = 0;
  while (stored < 1000 && shop.put("q", body) == PutOutcome::stored) {
    ++stored;
    shop.store->flush();
  }
  REQUIRE(stored > 10);
  REQUIRE(stored < 1000);
  CHECK(shop.put("q", body) == PutOutcome::no_space);
  CHECK_FALSE(shop.store->is_failed());
  for (int i = 0; i < 10; ++i) {
    const auto leased = shop.lease("q");
    CHECK(leased.body == body);
    CHECK(shop.store->acknowledge(leased.delivery).outcome == Settled::done);
  }
  const auto leased = shop.lease("q");
  CHECK(shop.put("q", "smaller", {.acknowledges = leased.delivery}) == PutOutcome::stored);
}

TEST_CASE("queue: nothing is confirmed that a disk full to the last byte did not take") {
  Shop shop({}, kibibytes(4));
  std::vector<queue::Delivery> leased;
  for (int i = 0; i < 200; ++i) {
    shop.put("q", "x");
    leased.push_back(shop.lease("q").delivery);
  }
  shop.disk->limit_space(0);
  const auto take_one = [&] {
    const auto delivery = leased.back();
    leased.pop_back();
    return delivery;
  };
  while (shop.store->pause(QueueName("p")).outcome == Settled::done) shop.store->flush();
  REQUIRE_FALSE(shop.store->is_failed());
  CHECK(shop.store->release(take_one(), 0ms).outcome == Settled::no_space);
  CHECK(shop.store->bury(take_one()).outcome == Settled::no_space);
  CHECK(shop.store->reject(take_one()).outcome == Settled::no_space);
  auto last = Settled::done;  // what was kept back is theirs, to the last byte
  while (leased.size() > 1 && last == Settled::done)
    last = shop.store->acknowledge(take_one()).outcome;
  CHECK(last == Settled::no_space);
  CHECK(shop.store->kick(QueueName("q"), 1).outcome == Settled::no_space);
  CHECK(shop.store->flush_queue(QueueName("q")).outcome == Settled::no_space);
}

TEST_CASE("queue: a drained store keeps few segments") {
  Shop shop;
  const std::string body(100'000, 'x');
  for (int i = 0; i < 600; ++i) shop.put("q", body);
  CHECK(shop.store->storage().segments > 3);
  for (int i = 0; i < 600; ++i) REQUIRE(shop.pop("q").size() == body.size());
  shop.store->flush();
  CHECK(shop.store->storage().segments <= 3);
}
