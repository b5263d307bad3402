// One named queue: its ready items per priority, its keys and its counters. Not its items' entries:
// the store keeps those. Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "queue/fifo.h"
#include "queue/item.h"
#include "queue/options.h"
#include "queue/requests.h"

namespace daemonz::queue {

/// Retry tokens of one queue, each remembered for the dedupe window. Threads: one.
class TokenMemory {
 public:
  struct Token {
    SteadyTime until;
    Locator at;         ///< the item that it stored; 0:0: that is gone
    Locator logged_at;  ///< the record that brings it back at a restart
  };
  /// nullptr: not known (any more).
  [[nodiscard]] Token* find(const KeyHash& id, SteadyTime now) {
    forget_until(now);
    const auto found = tokens_.find(id);
    return found == tokens_.end() ? nullptr : &found->second;
  }
  void remember(const KeyHash& id, const Token& token) {
    tokens_.insert_or_assign(id, token);
    order_.emplace_back(token.until, id);
  }
  void item_gone(const KeyHash& id, Locator at) {
    const auto found = tokens_.find(id);
    if (found != tokens_.end() && found->second.at == at) found->second.at = {};
  }
  void clear() {
    tokens_.clear();
    order_.clear();
  }
  [[nodiscard]] std::unordered_map<KeyHash, Token>& all() { return tokens_; }

 private:
  void forget_until(SteadyTime now) {
    for (; !order_.empty() && order_.front().first <= now; order_.pop_front()) {
      const auto found = tokens_.find(order_.front().second);
      if (found != tokens_.end() && found->second.until <= now) tokens_.erase(found);
    }
  }

  std::unordered_map<KeyHash, Token> tokens_;
  std::deque<std::pair<SteadyTime, KeyHash>> order_;
};

class Queue {
 public:
  Queue(std::string queue_name, const QueueOptions& queue_options)
      : name(std::move(queue_name)),
        options(queue_options),
        is_dead_queue(name.ends_with(".dead")) {}

  const std::string name;
  const QueueOptions& options;
  const bool is_dead_queue;

  std::array<Fifo<Locator>, priority_count> ready;
  std::array<std::uint64_t, priority_count> ready_counts{};  ///< without removed ones
  std::map<Sequence, Item*> buried;
  std::unordered_map<KeyHash, Locator> unique_keys;
  TokenMemory tokens;
  std::optional<Locator> paused_at;  ///< paused, and the record that says so
  bool is_newly_ready = false;       ///< stands in Store::newly_ready_
  std::uint64_t unsent_pops = 0;     ///< the queue object must stay while there are any
  QueueFigures figures;              ///< counts and sums, kept up to date but for name and ages
};

}  // namespace daemonz::queue
