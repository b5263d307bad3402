#include <doctest/doctest.h>

#include <random>

#include "queue/shop.h"
#include "support/seed.h"

using namespace daemonz;
using namespace daemonz::tests;
using queue::Browsed;
using queue::ItemState;
using queue::Reason;

namespace {

const QueueName q("q");

std::vector<std::string> bodies(Shop& shop, queue::BrowseRequest request) {
  std::vector<std::string> all;
  for (const auto& item : shop.store->browse(q, request)) all.push_back(item.body);
  return all;
}

}  // namespace

TEST_CASE("queue: browsing shows every state and priority in put order, and takes nothing") {
  Shop shop;
  shop.put("q", "delayed", {.priority = Priority{9}, .delay = 60s});
  shop.put("q", "leased", {.priority = Priority{0}, .flags = 7});
  shop.put("q", "buried", {.priority = Priority{1}});
  shop.put("q", "ready", {.priority = Priority{9}});
  shop.put("other", "elsewhere");
  shop.lease("q", 60s);
  CHECK(shop.store->bury(shop.lease("q", 60s).delivery).outcome == Settled::done);
  shop.pass(1500ms);
  SUBCASE("at once") {}
  SUBCASE("after a restart") { shop.restart(); }
  const auto items = shop.store->browse(q, {.count = 10});
  REQUIRE(items.size() == 4);
  CHECK(items[0].body == "delayed");
  CHECK(items[0].state == ItemState::delayed);
  CHECK(items[1].body == "leased");
  CHECK(items[1].state == ItemState::leased);
  CHECK(items[1].flags == 7);
  CHECK(items[1].deliveries == 1);
  CHECK(items[2].state == ItemState::buried);
  CHECK(items[2].priority == 1);
  CHECK(items[3].state == ItemState::ready);
  CHECK(items[3].age == 1500ms);
  CHECK(items[3].priority == 9);
  CHECK(shop.pop("q") == "ready");
}

TEST_CASE("queue: browsing pages by sequence, and stops at its sizes") {
  Shop shop;
  for (int i = 0; i < 5; ++i) shop.put("q", std::to_string(i));
  CHECK(bodies(shop, {.count = 2}) == std::vector<std::string>{"0", "1"});
  const auto second = shop.store->browse(q, {.count = 2})[1].sequence;
  CHECK(bodies(shop, {.after = second, .count = 2}) == std::vector<std::string>{"2", "3"});
  CHECK(bodies(shop, {.after = second + 100, .count = 2}).empty());
  CHECK(bodies(shop, {.count = 5, .bytes_max = 3}).size() == 3);
  CHECK(shop.store->browse(QueueName("none"), {.count = 5}).empty());
}

TEST_CASE("queue: a dead item shows its reason") {
  Shop shop;
  shop.put("q", "x");
  CHECK(shop.store->reject(shop.lease("q").delivery).outcome == Settled::done);
  const auto items = shop.store->browse(QueueName("q.dead"), {.count = 5});
  REQUIRE(items.size() == 1);
  CHECK(items[0].reason == Reason::rejected);
  CHECK(items[0].deliveries == 1);
}

TEST_CASE("queue: pages of browsing join to all items, whatever was done to them") {
  std::mt19937_64 random(tests::seed());
  Shop shop({.max_deliveries = 0});
  std::map<std::string, std::uint64_t> alive;  // body -> its place in put order
  std::vector<Shop::Leased> leased;
  for (std::uint64_t i = 0; i < 3'000; ++i) {
    const auto body = std::to_string(i);
    alive[body] = i;
    shop.put("q", body,
             {.priority = Priority{static_cast<std::uint8_t>(random() % 3)},
              .delay = random() % 20 == 0 ? 1s : 0s});
    switch (random() % 8) {
      case 0: alive.erase(shop.pop("q")); break;
      case 1: leased.push_back(shop.lease("q", 600s)); break;
      case 2:
        if (!leased.empty()) {
          static_cast<void>(shop.store->release(leased.back().delivery, 0s));
          leased.pop_back();
        }
        break;
      case 3: shop.pass(10ms); break;
      case 4: {
        const auto items = shop.store->browse(q, {.after = random() % (2 * i + 1), .count = 1});
        if (items.empty() || items[0].state != ItemState::ready) break;
        CHECK(shop.store->remove_by_sequence(q, items[0].sequence).outcome == Settled::done);
        alive.erase(items[0].body);
        break;
      }
      default: break;
    }
  }
  const bool restarts = random() % 2 == 0;
  CAPTURE(restarts);
  if (restarts) shop.restart();
  std::vector<std::string> expected(3'000), found;
  for (const auto& [body, place] : alive) expected[place] = body;
  std::erase(expected, "");
  queue::Sequence after = 0;
  while (true) {
    const auto page = shop.store->browse(q, {.after = after, .count = 1 + random() % 100});
    if (page.empty()) break;
    for (const auto& item : page) {
      found.push_back(item.body);
      REQUIRE(item.sequence > after);
      after = item.sequence;
    }
  }
  CHECK(found.size() == alive.size());
  CHECK(found == expected);
}
