// One named queue: its ready items per priority, its keys and its counters. Not its items' entries:
// the store keeps those. Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "queue/fifo.h"
#include "queue/item.h"
#include "queue/options.h"
#include "queue/requests.h"
#include "queue/tokens.h"

namespace daemonz::queue {

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
  std::optional<Locator> paused_at;  ///< paused, and the record that says so (retained)
  bool is_newly_ready = false;       ///< stands in Store::newly_ready_
  std::uint64_t unsent_pops = 0;     ///< the queue object must stay while there are any
  QueueFigures figures;              ///< counts and sums, kept up to date but for name and ages
};

}  // namespace daemonz::queue
