// Cleaning: what a copy says, and what happens without anything to copy or without room for it.
// That order, keys and states stand through copies is the matter of model_test.cc.
#include <doctest/doctest.h>

#include "queue/shop.h"

using namespace daemonz;
using namespace daemonz::tests;

namespace {

constexpr auto segment_size = kibibytes(4);
const std::string first_segment = "0000000001.segment";

bool has_first_segment(Shop& shop) {
  return std::ranges::count(shop.disk->list("/data"), first_segment) > 0;
}

/// Garbage of five segments; nothing is cleaned.
void make_garbage(Shop& shop) {
  REQUIRE(has_first_segment(shop));
  for (std::uint64_t made = 0; made < 5 * segment_size.count; made += 300) {
    CHECK(shop.put("garbage", std::string(300, '.')) == PutOutcome::stored);
    CHECK(shop.pop("garbage") != "-");
  }
  shop.make_durable();
}

void clean(Shop& shop) {
  for (int i = 0; i < 100 && has_first_segment(shop); ++i) shop.turn();
  REQUIRE_FALSE(has_first_segment(shop));
}

}  // namespace

TEST_CASE("queue: a copied lease that waits to be taken over keeps its own end") {
  Shop shop({}, segment_size);
  shop.put("q", "x");
  shop.lease("q", 4s, TakeRequest::Mode::open_lease, 7);
  shop.restart();  // until 3 s from now it may be taken over, until 4 s it is a lease
  make_garbage(shop);
  clean(shop);
  shop.pass(2s);
  SUBCASE("another start does not lengthen it") {
    shop.restart();
    shop.pass(1999ms);
    CHECK(shop.figures("q").leased == 1);
    shop.pass(1ms);
    CHECK(shop.pop("q") == "x");
  }
  SUBCASE("without one it comes back when nobody took it over") {
    shop.pass(999ms);
    CHECK(shop.figures("q").leased == 1);
    shop.pass(1ms);
    CHECK(shop.pop("q") == "x");
  }
}

TEST_CASE("queue: a segment that held a token only goes without a copy when that is forgotten") {
  Shop shop({.dedupe_window = 500ms}, segment_size);
  shop.turn();
  shop.put("q", "x", {.id = queue::hash_key("token")});
  CHECK(shop.pop("q") == "x");
  make_garbage(shop);
  shop.clock.advance(600ms);  // too early for the sweep of all tokens
  clean(shop);
}

TEST_CASE("queue: an item that a full disk had no room to copy is copied when there is") {
  Shop shop({}, segment_size);
  const std::string large(1'000, 'x');  // more than what is kept back for acknowledgements
  shop.put("q", large);
  make_garbage(shop);
  shop.disk->limit_space(0);
  const QueueName paused("p");
  while (shop.store->pause(paused).outcome == Settled::done) shop.store->flush();
  REQUIRE_FALSE(shop.store->is_failed());
  shop.disk->limit_space(0);  // others take what the sealed segments give back
  for (int i = 0; i < 5; ++i) shop.turn();
  CHECK(has_first_segment(shop));
  shop.disk->limit_space(mebibytes(1).count);
  clean(shop);
  CHECK(shop.pop("q") == large);
}

TEST_CASE("queue: on a full disk copies and moves leave the room that acknowledgements need") {
  Shop shop({}, segment_size);
  std::vector<queue::Delivery> leased;
  for (int i = 0; i < 10; ++i) {
    shop.put("q", std::string(900, 'x'));
    leased.push_back(shop.lease("q", 1h).delivery);
  }
  shop.put("r", "y");
  shop.disk->limit_space(0);
  bool is_refused = false;
  for (int i = 0; i < 500; ++i) {
    const auto again = shop.lease("r", 1h).delivery;
    const auto outcome = shop.store->release_uncounted(again).outcome;
    is_refused = is_refused || outcome == Settled::no_space;
    shop.turn();
  }
  CHECK(is_refused);  // otherwise this has filled nothing
  for (const auto& each : leased) CHECK(shop.store->acknowledge(each).outcome == Settled::done);
  CHECK(shop.pop("r") == "y");
}

TEST_CASE("queue: what the tokens of a flushed queue held is free, after some slices") {
  Shop shop({}, segment_size);
  for (int i = 0; i < 5'000; ++i) {
    shop.put("q", "x", {.id = queue::hash_key(std::to_string(i))});
    CHECK(shop.pop("q") == "x");
  }
  shop.make_durable();
  CHECK(shop.store->flush_queue(QueueName("q")).outcome == Settled::done);
  shop.store->advance();
  CHECK(shop.store->next_deadline() == shop.clock.steady());  // there is more to do at once
  clean(shop);
  for (int i = 0; i < 10; ++i) shop.turn();
  CHECK(shop.store->storage().live_bytes == 0);
}
