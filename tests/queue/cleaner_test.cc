// Cleaning: what a copy says, and what happens when there is nothing to copy or no room for it. That
// order, keys and states stand through copies is model_test.cc's.
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
