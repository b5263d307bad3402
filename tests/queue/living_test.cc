#include "queue/living.h"

#include <doctest/doctest.h>

#include <map>
#include <random>

#include "queue/queue.h"
#include "support/seed.h"

using namespace daemonz;
using queue::Alive;
using queue::LivingItems;
using queue::Locator;

TEST_CASE("queue: living items are found, settled, flushed and walked as in a plain map") {
  std::mt19937_64 random(tests::seed());
  const queue::QueueOptions options;
  queue::Queue a("a", options), b("b", options);
  LivingItems living;
  std::map<Locator, Alive> plain;
  std::uint32_t words = 0;
  const auto any = [&] {
    return Locator{1 + static_cast<std::uint32_t>(random() % 5),
                   static_cast<std::uint32_t>(random() % (words + 2))};
  };
  for (std::int64_t step = 0; step < 5000; ++step) {
    const auto kind = random() % 100;
    const bool is_next = kind < 60;
    words += is_next ? 1 : 0;
    const auto at = is_next ? Locator{1 + static_cast<std::uint32_t>(step / 1000), words} : any();
    if (kind < 65) {  // the next record's item, or one that comes back
      const Alive alive{.queue = random() % 2 == 0 ? &a : &b,
                        .order = step,
                        .size = static_cast<std::uint32_t>(random() % 1000),
                        .fields = static_cast<std::uint16_t>(random() % 300),
                        .priority = static_cast<std::uint8_t>(random() % 10),
                        .has_history = random() % 2 == 0};
      living.put(at, alive);
      plain.insert_or_assign(at, alive);
    } else if (kind < 98) {
      living.erase(at);
      plain.erase(at);
    } else if (random() % 10 == 0) {
      living.erase_all_of(a);
      std::erase_if(plain, [&](const auto& each) { return each.second.queue == &a; });
    }
    const auto asked = any();
    REQUIRE(living.contains(asked) == plain.contains(asked));
  }
  living.erase_segments_unless([](std::uint32_t number) { return number != 2; });
  std::erase_if(plain, [](const auto& each) { return each.first.segment == 2; });
  auto expected = plain.begin();
  living.for_each([&](Locator at, const Alive& alive) {
    REQUIRE(expected != plain.end());
    CHECK(at == expected->first);
    CHECK(alive.queue == expected->second.queue);
    CHECK(alive.order == expected->second.order);
    CHECK(alive.payload() == expected->second.payload());
    CHECK(alive.priority == expected->second.priority);
    CHECK(alive.has_history == expected->second.has_history);
    ++expected;
  });
  CHECK(expected == plain.end());
}
