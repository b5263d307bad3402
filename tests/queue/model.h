// What queues are, in the plainest words: the reference that the store is compared with. Nothing
// here knows a log, a segment or a locator.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "queue/requests.h"

namespace daemonz::tests {

/// Threads: one.
class Model {
 public:
  static constexpr std::uint32_t max_deliveries = 3;
  static constexpr Milliseconds takeover_time{300};
  static constexpr Milliseconds dedupe_window{5'000};
  using Mode = queue::TakeRequest::Mode;

  struct Item {
    std::uint64_t number = 0;  ///< rises with each put
    std::string body;
    std::uint8_t priority = 4;
    std::uint32_t deliveries = 0, flags = 0;
    std::optional<int> id, unique;
  };
  struct Lease {
    std::string queue;
    Item item;
    Mode mode = Mode::lease;
    std::optional<SteadyTime> deadline;
    queue::ConnectionId connection = 0;
    std::optional<SteadyTime> own_end;  ///< before a restart cut it: it waits to be taken over
  };
  struct Queue {
    std::array<std::deque<Item>, priority_count> ready;
    std::map<std::uint64_t, Item> buried;
    std::map<int, SteadyTime> tokens;
    std::map<int, std::uint64_t> unique;  ///< key -> number of its holder
    bool is_paused = false;
  };
  struct Delayed {
    std::string queue;
    Item item;
    SteadyTime due;
  };

  std::map<std::string, Queue> queues;
  std::map<std::uint64_t, Delayed> delayed;
  std::map<queue::DeliveryId, Lease> leased;

  static bool is_dead(const std::string& name) { return name.ends_with(".dead"); }
  std::deque<Item>& level(const std::string& name, const Item& item) {
    return queues[name].ready[item.priority];
  }
  [[nodiscard]] bool knows(const std::string& name, int id, SteadyTime now) {
    const auto found = queues[name].tokens.find(id);
    return found != queues[name].tokens.end() && found->second > now;
  }

  void store(const std::string& name, Item item, std::optional<SteadyTime> due, SteadyTime now) {
    if (item.id) queues[name].tokens[*item.id] = now + dedupe_window;
    claim(name, item);
    if (due)
      delayed[item.number] = {name, item, *due};
    else
      level(name, item).push_back(item);
  }
  std::optional<Item> take(const std::string& name) {
    auto& queue = queues[name];
    if (queue.is_paused) return std::nullopt;
    return take_first(queue);
  }
  /// The item is not there any more, or is not in this queue any more.
  void leave(const std::string& name, const Item& item) {
    auto& unique = queues[name].unique;
    const auto held = item.unique ? unique.find(*item.unique) : unique.end();
    if (held != unique.end() && held->second == item.number) unique.erase(held);
  }
  void claim(const std::string& name, Item& item) {
    if (!item.unique || is_dead(name)) return;
    const auto holder = queues[name].unique.try_emplace(*item.unique, item.number).first->second;
    if (holder != item.number) item.unique.reset();
  }
  void unsent(const std::string& name, Item item) {
    claim(name, item);
    level(name, item).push_front(item);
  }
  void to_dead(const std::string& name, Item item) {
    if (is_dead(name)) return level(name, item).push_front(item);
    leave(name, item);
    level(name + ".dead", item).push_back(item);
  }
  void give_back(const Lease& lease, std::optional<SteadyTime> due = {}) {
    if (!is_dead(lease.queue) && lease.item.deliveries >= max_deliveries)
      return to_dead(lease.queue, lease.item);
    if (due)
      delayed[lease.item.number] = {lease.queue, lease.item, *due};
    else
      level(lease.queue, lease.item).push_front(lease.item);
  }
  void give_back_uncounted(Lease lease) {
    if (lease.item.deliveries > 0) --lease.item.deliveries;
    level(lease.queue, lease.item).push_front(lease.item);
  }
  void connection_lost(queue::ConnectionId connection) {
    for (auto each = leased.end(); each != leased.begin();) {
      --each;
      if (each->second.connection != connection) continue;
      const auto lease = each->second;
      each = leased.erase(each);
      give_back(lease);
    }
  }
  void kick(const std::string& name, std::uint64_t count) {
    auto& queue = queues[name];
    for (; count > 0 && !queue.buried.empty(); --count) {
      auto item = queue.buried.begin()->second;
      queue.buried.erase(queue.buried.begin());
      item.deliveries = 0;
      level(name, item).push_back(item);
    }
    if (!is_dead(name)) return;
    const auto origin = name.substr(0, name.size() - 5);
    for (; count > 0; --count) {
      auto item = take_first(queue);
      if (!item) return;
      item->deliveries = 0;
      claim(origin, *item);
      level(origin, *item).push_back(*item);
    }
  }
  void flush(const std::string& name) {
    const bool is_paused = queues[name].is_paused;
    queues[name] = {};
    queues[name].is_paused = is_paused;
    std::erase_if(delayed, [&](const auto& each) { return each.second.queue == name; });
    std::erase_if(leased, [&](const auto& each) { return each.second.queue == name; });
  }
  void server_restarted(SteadyTime now) {
    std::vector<Lease> open;  // by delivery id
    for (auto each = leased.begin(); each != leased.end();) {
      auto& lease = each->second;
      if (lease.mode == Mode::open && !lease.deadline) {
        open.push_back(lease);
        each = leased.erase(each);
        continue;
      }
      if (lease.mode != Mode::lease) {
        if (!lease.own_end) lease.own_end = lease.deadline;
        lease.connection = 0;
        lease.deadline = std::min(*lease.own_end, now + takeover_time);
      }
      ++each;
    }
    for (auto lease = open.rbegin(); lease != open.rend(); ++lease) give_back_uncounted(*lease);
  }
  /// Due delays and lapsed leases, in the order of their times; at the same time the older item
  /// first.
  void advance(SteadyTime now) {
    while (const auto next = next_timer(now)) {
      const auto number = next->second;
      if (const auto due = delayed.find(number); due != delayed.end()) {
        const auto [name, item, time] = due->second;
        delayed.erase(due);
        level(name, item).push_back(item);
        continue;
      }
      const auto lapsed = std::ranges::find(
          leased, number, [](const auto& each) { return each.second.item.number; });
      const auto lease = lapsed->second;
      leased.erase(lapsed);
      lease.own_end ? give_back_uncounted(lease) : give_back(lease);
    }
  }

 private:
  static std::optional<Item> take_first(Queue& queue) {
    for (auto& fifo : queue.ready) {
      if (fifo.empty()) continue;
      auto item = fifo.front();
      fifo.pop_front();
      return item;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::optional<std::pair<SteadyTime, std::uint64_t>> next_timer(SteadyTime now) {
    std::optional<std::pair<SteadyTime, std::uint64_t>> first;
    const auto look_at = [&](SteadyTime time, std::uint64_t number) {
      if (time <= now && (!first || std::pair(time, number) < *first)) first = {time, number};
    };
    for (const auto& [number, each] : delayed) look_at(each.due, number);
    for (const auto& [delivery, lease] : leased)
      if (lease.deadline) look_at(*lease.deadline, lease.item.number);
    return first;
  }
};

}  // namespace daemonz::tests
