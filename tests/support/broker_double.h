// An engine in memory, for tests of who uses a broker: exact about leases, delivery ids and dead
// queues, with faults on demand. Several Broker objects share one Engine, as connections share a
// server. Not a model of time: leases lapse when the test says so.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "broker/broker.h"

namespace daemonz::tests {

/// What all connections see. Threads: any.
class BrokerEngine {
 public:
  struct Item {
    std::string body;
    broker::PushOptions options;
    std::uint32_t deliveries = 0;
  };
  struct Held {
    QueueName queue;
    Item item;
    const void* connection;
  };

  // For the test.
  void set_reachable(bool is_reachable) {
    change([&] { is_reachable_ = is_reachable; });
  }
  /// The next acks, replaces and releases get this answer, and nothing happens.
  void answer_settles_with(std::optional<broker::Settled> answer) {
    change([&] { forced_ = answer; });
  }
  /// No successor fits into this queue.
  void refuse_successors_of(const std::string& queue) {
    change([&] { refusing_ = QueueName(queue); });
  }
  /// Every lease lapses: the items are ready again.
  void lapse_all() {
    change([&] {
      for (auto& [id, held] : held_) queues_[held.queue].push_front(held.item);
      held_.clear();
    });
  }
  [[nodiscard]] std::vector<Item> items(const std::string& queue) {
    const std::scoped_lock lock(guard_);
    const auto found = queues_.find(QueueName(queue));
    if (found == queues_.end()) return {};
    return {found->second.begin(), found->second.end()};
  }
  [[nodiscard]] std::size_t held_count() {
    const std::scoped_lock lock(guard_);
    return held_.size();
  }
  [[nodiscard]] std::size_t extensions() {
    const std::scoped_lock lock(guard_);
    return extensions_;
  }
  [[nodiscard]] std::size_t pops() {
    const std::scoped_lock lock(guard_);
    return pops_;
  }
  /// True: it came true within 5 s. Woken by every change of the engine.
  template <class Condition>
  [[nodiscard]] bool wait_until(const Condition& condition) {
    std::unique_lock lock(guard_);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (std::chrono::steady_clock::now() < deadline) {
      lock.unlock();
      if (condition()) return true;
      lock.lock();
      changed_.wait_for(lock, std::chrono::milliseconds(5));
    }
    return false;
  }

 private:
  friend class BrokerDouble;
  template <class Body>
  void change(const Body& body) {
    const std::scoped_lock lock(guard_);
    body();
    changed_.notify_all();
  }

  std::mutex guard_;
  std::condition_variable changed_;
  std::map<QueueName, std::deque<Item>> queues_;
  std::map<std::uint64_t, Held> held_;
  std::uint64_t next_id_ = 1;
  std::size_t extensions_ = 0, pops_ = 0;
  bool is_reachable_ = true;
  std::optional<broker::Settled> forced_;
  std::optional<QueueName> refusing_;
};

class BrokerDouble : public broker::Broker {
 public:
  explicit BrokerDouble(BrokerEngine& engine) : engine_(engine) {}
  ~BrokerDouble() override { drop_connection(); }

  broker::PushResult push(const QueueName& queue, std::string_view body,
                          const broker::PushOptions& options) override {
    const std::scoped_lock lock(engine_.guard_);
    if (!engine_.is_reachable_) return {broker::PushState::unreachable, "planted"};
    engine_.queues_[queue].push_back({std::string(body), options});
    engine_.changed_.notify_all();
    return {broker::PushState::confirmed, ""};
  }
  broker::PushResult push_many(const QueueName& queue, std::span<const std::string> bodies,
                               const broker::PushOptions& options) override {
    for (const auto& body : bodies)
      if (auto answer = push(queue, body, options); answer.state != broker::PushState::confirmed)
        return answer;
    return {broker::PushState::confirmed, ""};
  }

  broker::Popped pop(const broker::PopRequest& request) override {
    std::unique_lock lock(engine_.guard_);
    ++engine_.pops_;
    is_interrupted_ = false;
    broker::Popped popped;
    if (request.ack && (popped.settled = take_held(*request.ack)) != broker::Settled::done)
      return popped;
    const auto deadline = std::chrono::steady_clock::now() + request.wait;
    for (;;) {
      if (!engine_.is_reachable_) throw Error("the queue is planted as unreachable");
      for (const auto& queue : request.queues)
        if ((popped.lease = take_from(queue))) return popped;
      if (is_interrupted_ || std::chrono::steady_clock::now() >= deadline) return popped;
      engine_.changed_.wait_until(lock, deadline);
    }
  }
  broker::Settled ack(const broker::Lease& lease) override {
    const std::scoped_lock lock(engine_.guard_);
    return take_held(lease);
  }
  broker::Settled release(const broker::Lease& lease, Release how, Milliseconds) override {
    const std::scoped_lock lock(engine_.guard_);
    auto item = held_item(lease);
    const auto settled = take_held(lease);
    if (settled != broker::Settled::done) return settled;
    if (how == Release::uncounted) --item->deliveries;
    engine_.queues_[lease.queue].push_front(*item);
    return settled;
  }
  broker::Settled replace(const broker::Lease& lease, const QueueName& queue, std::string_view body,
                          const broker::PushOptions& options) override {
    const std::scoped_lock lock(engine_.guard_);
    if (engine_.refusing_ == queue) return broker::Settled::refused;
    const auto settled = take_held(lease);
    if (settled == broker::Settled::done)
      engine_.queues_[queue].push_back({std::string(body), options});
    return settled;
  }
  broker::Settled dead(const broker::Lease& lease) override {
    return replace(lease, lease.queue.dead(), lease.body, {});
  }
  broker::Settled extend(const broker::Lease& lease, Milliseconds) override {
    const std::scoped_lock lock(engine_.guard_);
    if (!engine_.is_reachable_) return broker::Settled::unknown;
    ++engine_.extensions_;
    engine_.changed_.notify_all();
    return engine_.held_.contains(lease.id) ? broker::Settled::done : broker::Settled::gone;
  }
  broker::Settled cancel(const QueueName& queue, const std::string& id) override {
    const std::scoped_lock lock(engine_.guard_);
    if (!engine_.is_reachable_) return broker::Settled::unknown;
    return std::erase_if(engine_.queues_[queue],
                         [&](const auto& item) { return item.options.id == id; }) > 0
               ? broker::Settled::done
               : broker::Settled::gone;
  }
  std::uint64_t depth(const QueueName& queue) override {
    const std::scoped_lock lock(engine_.guard_);
    if (!engine_.is_reachable_) throw Error("the queue is planted as unreachable");
    return engine_.queues_[queue].size();
  }
  std::vector<QueueName> queues() override {
    const std::scoped_lock lock(engine_.guard_);
    if (!engine_.is_reachable_) throw Error("the queue is planted as unreachable");
    std::vector<QueueName> names;
    for (const auto& [name, items] : engine_.queues_) names.push_back(name);
    return names;
  }
  broker::Capabilities capabilities() const override { return {}; }
  void interrupt() noexcept override {
    engine_.change([&] { is_interrupted_ = true; });
    drop_connection();
  }

 private:
  void drop_connection() noexcept {
    engine_.change([&] {
      for (auto it = engine_.held_.begin(); it != engine_.held_.end();) {
        if (it->second.connection != this) {
          ++it;
          continue;
        }
        engine_.queues_[it->second.queue].push_front(it->second.item);
        it = engine_.held_.erase(it);
      }
    });
  }
  std::optional<BrokerEngine::Item> held_item(const broker::Lease& lease) {
    const auto found = engine_.held_.find(lease.id);
    if (found == engine_.held_.end()) return std::nullopt;
    return found->second.item;
  }
  broker::Settled take_held(const broker::Lease& lease) {
    engine_.changed_.notify_all();
    if (engine_.forced_) return *engine_.forced_;
    if (!engine_.is_reachable_) return broker::Settled::unknown;
    return engine_.held_.erase(lease.id) ? broker::Settled::done : broker::Settled::gone;
  }
  std::optional<broker::Lease> take_from(const QueueName& queue) {
    auto& items = engine_.queues_[queue];
    if (items.empty()) return std::nullopt;
    auto item = std::move(items.front());
    items.pop_front();
    ++item.deliveries;
    const auto id = engine_.next_id_++;
    engine_.held_.emplace(id, BrokerEngine::Held{queue, item, this});
    engine_.changed_.notify_all();
    return broker::Lease{queue, id, item.body, 0};
  }

  BrokerEngine& engine_;
  bool is_interrupted_ = false;
};

}  // namespace daemonz::tests
