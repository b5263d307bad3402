// A seeded random walk beside a plain reference: whatever is done, the store and the model agree,
// across kill -9 too; and the disk use stays within its bound, which takes copying all the time.
#include <doctest/doctest.h>

#include <random>

#include "queue/model.h"
#include "queue/open_store.h"
#include "support/faulty_disk.h"
#include "support/manual_clock.h"
#include "support/seed.h"

using namespace daemonz;
using namespace std::chrono_literals;
using queue::Settled;
using tests::FaultyDisk;
using tests::Model;
using Mode = queue::TakeRequest::Mode;

namespace {

queue::KeyHash hash(int key) { return queue::hash_key(std::to_string(key)); }

class Walk {
 public:
  Walk(std::uint64_t seed, Bytes segment_size) : random_(seed), segment_size_(segment_size) {
    open();
  }

  void step() {
    clock_.advance(std::chrono::microseconds(1));  // no two deadlines are the same
    advance();
    act();
    check_figures();
    check_disk();
  }
  void drain() {
    for (const auto& name : names) {
      unpause(name);
      const auto count = model_.queues[name].buried.size();
      if (count > 0) kick(name, count);
    }
    check_figures();
    for (const auto& name : names) {
      while (const auto expected = model_.take(name)) {
        const auto taken = take(name, Mode::pop, 0);
        REQUIRE(taken);
        check_taken(*taken, *expected, 1);
        store_->sent(taken->unsent);
      }
      CHECK_FALSE(take(name, Mode::pop, 0));
    }
  }

 private:
  static constexpr std::array<const char*, 4> names = {"a", "b", "a.dead", "b.dead"};
  struct Popped {
    std::string queue;
    Model::Item item;
    queue::Unsent unsent;
  };

  void act() {
    switch (random_() % 24) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4: return put();
      case 5: return put_many();
      case 6: return put_successor();
      case 7:
      case 8:
      case 9: return pop();
      case 10:
      case 11:
      case 12: return lease();
      case 13:
      case 14:
      case 15: return settle();
      case 16: return touch();
      case 17: return end_pop();
      case 18: return advance(Milliseconds(random_() % 700));
      case 19: return kick(name(), 1 + random_() % 3);
      default: return act_rarely();
    }
  }
  void act_rarely() {
    switch (random_() % 24) {
      case 0: return kill();
      case 1: return pause();
      case 2:
      case 3: return unpause(name());
      case 4: return flush();
      case 5:
      case 6:
      case 7: {
        const queue::ConnectionId connection = 1 + random_() % 3;
        store_->connection_lost(connection);
        return model_.connection_lost(connection);
      }
      default: return;
    }
  }

  // --- verbs
  void open() {
    store_ = queue::open_store({.journal = {.folder = "/d",
                                            .segment_size = segment_size_,
                                            .memory = kibibytes(64),
                                            .disk = disk_.get()},
                                .queues = {.defaults = {.max_deliveries = Model::max_deliveries,
                                                        .dedupe_window = Model::dedupe_window},
                                           .queues = {}},
                                .takeover_time = Model::takeover_time},
                               clock_);
  }
  void kill() {
    align_clock();
    popped_.clear();  // their clients never got them; a plain pop is handed out once
    store_->flush();
    const auto image = disk_->as_written();
    store_.reset();
    disk_ = std::make_unique<FaultyDisk>(image);
    open();
    model_.server_restarted(clock_.steady());
  }
  void advance(Milliseconds time = {}) {
    clock_.advance(time);
    store_->advance();
    model_.advance(clock_.steady());
  }
  /// The log counts in whole milliseconds of the wall clock: stand on one.
  void align_clock() {
    const auto rest = clock_.wall().time_since_epoch() % Milliseconds(1);
    if (rest.count() != 0) clock_.advance(Milliseconds(1) - rest);
    advance();
  }
  std::string name() { return names[random_() % 10 < 7 ? random_() % 2 : 2 + random_() % 2]; }
  Model::Item fresh() {
    const auto number = ++numbers_;
    return {.number = number,
            .body = "item " + std::to_string(number) + std::string(random_() % 300, '.'),
            .priority = static_cast<std::uint8_t>(random_() % 3),
            .flags = static_cast<std::uint32_t>(random_() % 2 * 7)};
  }
  queue::PutRequest request_of(const Model::Item& item) {
    queue::PutRequest request{.priority = Priority{item.priority}, .flags = item.flags};
    if (item.id) request.id = hash(*item.id);
    if (item.unique) request.unique = hash(*item.unique);
    return request;
  }
  void put() {
    align_clock();
    const auto where = name();
    auto item = fresh();
    if (random_() % 4 == 0) item.id = static_cast<int>(random_() % 200);
    if (random_() % 4 == 0) item.unique = static_cast<int>(random_() % 20);
    auto request = request_of(item);
    if (random_() % 4 == 0) request.delay = Milliseconds(1 + random_() % 1000);
    const auto outcome = store_->put(QueueName(where), item.body, request).outcome;
    const bool is_known = item.id && model_.knows(where, *item.id, clock_.steady());
    if (Model::is_dead(where)) item.unique.reset();
    const bool is_held = item.unique && model_.queues[where].unique.contains(*item.unique);
    const auto expected =
        is_held && !is_known ? queue::PutOutcome::key_held : queue::PutOutcome::stored;
    REQUIRE(outcome == expected);
    if (is_known || is_held) return;
    std::optional<SteadyTime> due;
    if (request.delay > 0ms) due = clock_.steady() + request.delay;
    model_.store(where, item, due, clock_.steady());
  }
  void put_many() {
    align_clock();
    const auto where = name();
    std::vector<Model::Item> items(1 + random_() % 4);
    for (auto& item : items) item = fresh();
    for (auto& item : items) item.priority = items[0].priority, item.flags = items[0].flags;
    if (random_() % 2 == 0) items.back().id = static_cast<int>(random_() % 200);
    std::vector<std::string_view> bodies;
    for (const auto& item : items) bodies.emplace_back(item.body);
    const auto request = request_of(items.back());
    REQUIRE(store_->put_many(QueueName(where), bodies, request).outcome ==
            queue::PutOutcome::stored);
    const auto& id = items.back().id;
    if (id && model_.knows(where, *id, clock_.steady())) return;
    for (const auto& item : items) model_.store(where, item, {}, clock_.steady());
  }
  void put_successor() {
    align_clock();
    const auto chosen = some_lease();
    if (chosen == model_.leased.end()) return;
    const auto [delivery, old] = *chosen;
    auto item = fresh();
    auto request = request_of(item);
    request.acknowledges = queue::Delivery{QueueName(old.queue), delivery};
    REQUIRE(store_->put(QueueName(old.queue), item.body, request).outcome ==
            queue::PutOutcome::stored);
    model_.leased.erase(chosen);
    model_.leave(old.queue, old.item);
    item.id = old.item.id;
    if (!Model::is_dead(old.queue)) item.unique = old.item.unique;
    model_.store(old.queue, item, {}, clock_.steady());
  }
  std::optional<queue::Taken> take(const std::string& where, Mode mode,
                                   queue::ConnectionId connection) {
    queues_ = {QueueName(where)};
    return store_->take(
        {.queues = queues_, .mode = mode, .lease = Milliseconds(500), .connection = connection});
  }
  void check_taken(const queue::Taken& taken, const Model::Item& item, std::uint32_t more) {
    REQUIRE(taken.body == item.body);
    REQUIRE(taken.deliveries == item.deliveries + more);
    REQUIRE(taken.flags == item.flags);
    REQUIRE(taken.delivery > last_delivery_);  // across restarts too
    last_delivery_ = taken.delivery;
  }
  void pop() {
    const auto where = name();
    const auto expected = model_.take(where);
    const auto taken = take(where, Mode::pop, 0);
    REQUIRE(taken.has_value() == expected.has_value());
    if (!taken) return;
    check_taken(*taken, *expected, 1);
    model_.leave(where, *expected);
    popped_.push_back({where, *expected, taken->unsent});
    if (popped_.size() > 3 || random_() % 4 != 0) end_pop();
  }
  /// A client has read its answer, or is gone.
  void end_pop() {
    if (popped_.empty()) return;
    const auto pop = popped_.back();
    popped_.pop_back();
    if (random_() % 3 != 0) return store_->sent(pop.unsent);
    store_->unsent(pop.unsent);
    model_.unsent(pop.queue, pop.item);
  }
  void lease() {
    align_clock();
    const auto where = name();
    const auto mode = std::array{Mode::lease, Mode::open, Mode::open_lease}[random_() % 3];
    const queue::ConnectionId connection = mode == Mode::lease ? 0 : 1 + random_() % 3;
    const auto expected = model_.take(where);
    const auto taken = take(where, mode, connection);
    REQUIRE(taken.has_value() == expected.has_value());
    if (!taken) return;
    check_taken(*taken, *expected, 1);
    Model::Lease lease{where, *expected, mode, {}, connection};
    ++lease.item.deliveries;
    if (mode != Mode::open) lease.deadline = clock_.steady() + Milliseconds(500);
    model_.leased[taken->delivery] = lease;
  }
  std::map<queue::DeliveryId, Model::Lease>::iterator some_lease() {
    if (model_.leased.empty()) return model_.leased.end();
    return std::next(model_.leased.begin(),
                     static_cast<std::ptrdiff_t>(random_() % model_.leased.size()));
  }
  void settle() {
    align_clock();
    const auto chosen = some_lease();
    if (chosen == model_.leased.end()) return;
    const auto lease = chosen->second;
    const queue::Delivery delivery{QueueName(lease.queue), chosen->first};
    model_.leased.erase(chosen);
    const auto is_done = [](queue::SettleResult result) {
      REQUIRE(result.outcome == Settled::done);
    };
    switch (random_() % 6) {
      case 0: return is_done(store_->release(delivery, 0ms)), model_.give_back(lease);
      case 1: {
        const Milliseconds delay(1 + random_() % 1000);
        is_done(store_->release(delivery, delay));
        return model_.give_back(lease, clock_.steady() + delay);
      }
      case 2:
        return is_done(store_->release_uncounted(delivery)), model_.give_back_uncounted(lease);
      case 3: return is_done(store_->reject(delivery)), model_.to_dead(lease.queue, lease.item);
      case 4:
        is_done(store_->bury(delivery));
        model_.queues[lease.queue].buried[lease.item.number] = lease.item;
        return;
      default: is_done(store_->acknowledge(delivery)); model_.leave(lease.queue, lease.item);
    }
  }
  void touch() {
    align_clock();
    const auto chosen = some_lease();
    if (chosen == model_.leased.end()) return;
    auto& lease = chosen->second;
    const Milliseconds time(1 + random_() % 2000);
    const queue::ConnectionId connection = 1 + random_() % 3;
    REQUIRE(store_->touch({QueueName(lease.queue), chosen->first}, time, connection).outcome ==
            Settled::done);
    lease.deadline = clock_.steady() + time;
    if (std::exchange(lease.own_end, std::nullopt)) lease.connection = connection;
  }
  void kick(const std::string& where, std::uint64_t count) {
    static_cast<void>(store_->kick(QueueName(where), count));
    model_.kick(where, count);
  }
  void pause() {
    const auto where = name();
    REQUIRE(store_->pause(QueueName(where)).outcome == Settled::done);
    model_.queues[where].is_paused = true;
  }
  void unpause(const std::string& where) {
    static_cast<void>(store_->resume(QueueName(where)));
    model_.queues[where].is_paused = false;
  }
  void flush() {
    const auto where = name();
    static_cast<void>(store_->flush_queue(QueueName(where)));
    model_.flush(where);
  }

  // --- facts
  void check_figures() {
    for (const auto& each : store_->figures()) {
      const auto& queue = model_.queues[each.name];
      std::uint64_t ready = 0;
      for (const auto& fifo : queue.ready) ready += fifo.size();
      REQUIRE(each.ready == ready);
      REQUIRE(each.buried == queue.buried.size());
      REQUIRE(each.is_paused == queue.is_paused);
      const auto is_here = [&](const auto& item) { return item.second.queue == each.name; };
      REQUIRE(each.delayed == std::ranges::count_if(model_.delayed, is_here));
      REQUIRE(each.leased == std::ranges::count_if(model_.leased, is_here));
    }
  }
  /// Twice what lives and two segments: the one that is written to, and its spare.
  void check_disk() {
    store_->advance();
    store_->flush();
    const auto storage = store_->storage();
    REQUIRE(storage.bytes <= 2 * storage.live_bytes + 2 * segment_size_.count);
  }

  std::mt19937_64 random_;
  Bytes segment_size_;
  tests::ManualClock clock_;
  std::unique_ptr<FaultyDisk> disk_ = std::make_unique<FaultyDisk>();
  std::unique_ptr<queue::Store> store_;
  Model model_;
  std::vector<Popped> popped_;
  std::vector<QueueName> queues_;
  std::uint64_t numbers_ = 0;
  queue::DeliveryId last_delivery_ = 0;
};

}  // namespace

TEST_CASE("queue: a random walk with crashes agrees with a plain model, on a bounded disk") {
  for (std::uint64_t round = 0; round < 30; ++round) {
    CAPTURE(round);
    std::mt19937_64 random(tests::seed() + round);
    Walk walk(random(), kibibytes(4 << random() % 5));
    for (int i = 0; i < 1500; ++i) walk.step();
    walk.drain();
  }
}
