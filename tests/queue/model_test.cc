// A seeded random walk beside a plain reference: whatever is done, the store and the model agree,
// across kill -9 too.
#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <random>

#include "queue/open_store.h"
#include "support/faulty_disk.h"
#include "support/manual_clock.h"
#include "support/seed.h"

using namespace daemonz;
using namespace std::chrono_literals;
using queue::TakeRequest;
using tests::FaultyDisk;

namespace {

struct ModelItem {
  std::string body;
  int priority = 4, deliveries = 0;
};
struct ModelLease {
  std::string queue;
  ModelItem item;
  SteadyTime deadline;
};
constexpr int max_deliveries = 3;

/// What a queue is, in the plainest words.
struct Model {
  std::map<std::string, std::array<std::deque<ModelItem>, priority_count>> ready;
  std::multimap<SteadyTime, std::pair<std::string, ModelItem>> delayed;
  std::map<queue::DeliveryId, ModelLease> leased;

  std::optional<ModelItem> take(const std::string& name) {
    for (auto& fifo : ready[name]) {
      if (fifo.empty()) continue;
      auto item = fifo.front();
      fifo.pop_front();
      ++item.deliveries;
      return item;
    }
    return std::nullopt;
  }
  void give_back(const ModelLease& lease) {
    const bool is_dead_queue = lease.queue.ends_with(".dead");
    const auto level = static_cast<std::size_t>(lease.item.priority);
    if (!is_dead_queue && lease.item.deliveries >= max_deliveries)
      ready[lease.queue + ".dead"][level].push_back(lease.item);
    else
      ready[lease.queue][level].push_front(lease.item);
  }
  void advance(SteadyTime now) {
    // Due delays and lapsed leases, in the order of their times.
    for (;;) {
      auto lapsed = std::ranges::min_element(leased, {},
                                             [](const auto& each) { return each.second.deadline; });
      const bool has_lapsed = lapsed != leased.end() && lapsed->second.deadline <= now;
      const bool has_due = !delayed.empty() && delayed.begin()->first <= now;
      if (has_due && (!has_lapsed || delayed.begin()->first < lapsed->second.deadline)) {
        const auto [name, item] = delayed.begin()->second;
        delayed.erase(delayed.begin());
        ready[name][static_cast<std::size_t>(item.priority)].push_back(item);
      } else if (has_lapsed) {
        const auto lease = lapsed->second;
        leased.erase(lapsed);
        give_back(lease);
      } else {
        return;
      }
    }
  }
};

class Walk {
 public:
  explicit Walk(std::uint64_t seed) : random_(seed) { open(); }

  void step() {
    clock_.advance(std::chrono::microseconds(1));  // no two deadlines are the same
    store_->advance();
    model_.advance(clock_.steady());
    switch (random_() % 12) {
      case 0:
      case 1:
      case 2:
      case 3: return put();
      case 4:
      case 5: return pop();
      case 6:
      case 7: return lease();
      case 8: return settle();
      case 9: return put_delayed();
      case 10: return clock_.advance(Milliseconds(random_() % 700));
      case 11:
        if (random_() % 10 == 0) kill();
        return;
    }
  }

  void drain() {
    for (const auto& name : {"a", "b", "a.dead", "b.dead"}) {
      while (const auto expected = model_.take(name)) {
        const auto taken = take(name, TakeRequest::Mode::pop);
        REQUIRE(taken);
        CHECK(taken->body == expected->body);
        store_->sent(taken->unsent);
      }
      CHECK_FALSE(take(name, TakeRequest::Mode::pop));
    }
  }

 private:
  void open() {
    store_ = queue::open_store(
        {.journal = {.folder = "/d",
                     .segment_size = kibibytes(16),
                     .memory = kibibytes(64),
                     .disk = disk_.get()},
         .queues = {.defaults = {.max_deliveries = max_deliveries}, .queues = {}}},
        clock_);
  }
  void kill() {
    store_->flush();
    const auto image = disk_->as_written();
    store_.reset();
    disk_ = std::make_unique<FaultyDisk>(image);
    open();
  }
  std::string name() { return random_() % 2 == 0 ? "a" : "b"; }
  ModelItem fresh() {
    return {"item " + std::to_string(++bodies_) + std::string(random_() % 300, '.'),
            static_cast<int>(random_() % 3), 0};
  }
  void put() {
    const auto where = name();
    const auto item = fresh();
    const queue::PutRequest request{.priority = Priority{static_cast<std::uint8_t>(item.priority)}};
    REQUIRE(store_->put(QueueName(where), item.body, request).outcome == queue::PutOutcome::stored);
    model_.ready[where][static_cast<std::size_t>(item.priority)].push_back(item);
  }
  void put_delayed() {
    const auto where = name();
    const auto item = fresh();
    const Milliseconds delay(1 + random_() % 1000);
    const queue::PutRequest request{.priority = Priority{static_cast<std::uint8_t>(item.priority)},
                                    .delay = delay};
    // The store counts delays in whole wall clock milliseconds: stand on one.
    align_clock();
    REQUIRE(store_->put(QueueName(where), item.body, request).outcome == queue::PutOutcome::stored);
    model_.delayed.emplace(clock_.steady() + delay, std::pair(where, item));
  }
  void align_clock() {
    const auto rest = clock_.wall().time_since_epoch() % Milliseconds(1);
    if (rest.count() != 0) clock_.advance(Milliseconds(1) - rest);
    store_->advance();
    model_.advance(clock_.steady());
  }
  std::optional<queue::Taken> take(const std::string& where, TakeRequest::Mode mode) {
    queues_ = {QueueName(where)};
    return store_->take({.queues = queues_, .mode = mode, .lease = Milliseconds(500)});
  }
  void pop() {
    const auto where = name();
    const auto expected = model_.take(where);
    const auto taken = take(where, TakeRequest::Mode::pop);
    REQUIRE(taken.has_value() == expected.has_value());
    if (!taken) return;
    REQUIRE(taken->body == expected->body);
    REQUIRE(static_cast<int>(taken->deliveries) == expected->deliveries);
    store_->sent(taken->unsent);
  }
  void lease() {
    align_clock();
    const auto where = name();
    const auto expected = model_.take(where);
    const auto taken = take(where, TakeRequest::Mode::lease);
    REQUIRE(taken.has_value() == expected.has_value());
    if (!taken) return;
    REQUIRE(taken->body == expected->body);
    REQUIRE(static_cast<int>(taken->deliveries) == expected->deliveries);
    REQUIRE(taken->delivery > last_delivery_);  // across restarts too
    last_delivery_ = taken->delivery;
    model_.leased[taken->delivery] = {where, *expected, clock_.steady() + Milliseconds(500)};
  }
  void settle() {
    if (model_.leased.empty()) return;
    const auto chosen = std::next(model_.leased.begin(),
                                  static_cast<std::ptrdiff_t>(random_() % model_.leased.size()));
    const auto lease = chosen->second;
    const queue::Delivery delivery{QueueName(lease.queue), chosen->first};
    model_.leased.erase(chosen);
    if (random_() % 2 == 0) {
      REQUIRE(store_->acknowledge(delivery).outcome == queue::Settled::done);
    } else {
      REQUIRE(store_->release(delivery, Milliseconds(0)).outcome == queue::Settled::done);
      model_.give_back(lease);
    }
  }

  std::mt19937_64 random_;
  tests::ManualClock clock_;
  std::unique_ptr<FaultyDisk> disk_ = std::make_unique<FaultyDisk>();
  std::unique_ptr<queue::Store> store_;
  Model model_;
  std::vector<QueueName> queues_;
  int bodies_ = 0;
  queue::DeliveryId last_delivery_ = 0;
};

}  // namespace

TEST_CASE("queue: a random walk with crashes agrees with a plain model") {
  for (std::uint64_t round = 0; round < 30; ++round) {
    CAPTURE(round);
    Walk walk(tests::seed() + round);
    for (int i = 0; i < 1500; ++i) walk.step();
    walk.drain();
  }
}
