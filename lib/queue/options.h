// What a site sets per queue. Follows queue-protocol.md, "Meaning". Not where it is written down:
// that is daemonz.yml, read by config; the program copies it over.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/units.h"

namespace daemonz::queue {

/// When a put or an acknowledgement is confirmed. `memory` is a property of the whole store's disk
/// (journal/memory_disk.h); for a single queue it is treated as `never`, which keeps more.
enum class Durability { always, never };

inline constexpr Bytes item_size_max = mebibytes(64);  ///< whatever max_item_bytes says

struct QueueOptions {
  std::optional<std::uint64_t> max_items;
  std::optional<Bytes> max_bytes;
  Bytes max_item_bytes = mebibytes(1);
  std::optional<Milliseconds> max_age;
  bool discard_oldest = false;  ///< a full queue drops its oldest ready item instead of the new one
  std::string expire_to;        ///< queue name; empty: expired items are dropped
  bool dead_letter = true;
  std::uint32_t max_deliveries = 5;  ///< 0: no limit
  Milliseconds retry_delay{0};
  Milliseconds lease_default{30'000};
  Milliseconds lease_max{3'600'000};
  Milliseconds dedupe_window{600'000};
  Durability durability = Durability::always;
};

/// The options of every queue: its own, or else the defaults.
struct AllOptions {
  QueueOptions defaults;
  std::map<std::string, QueueOptions, std::less<>> queues;

  [[nodiscard]] const QueueOptions& of(std::string_view queue) const {
    const auto found = queues.find(queue);
    return found == queues.end() ? defaults : found->second;
  }
};

}  // namespace daemonz::queue
