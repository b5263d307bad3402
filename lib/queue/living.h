// What a replay knows of the living items, with little memory for each: recovery holds all of them
// at once. Not an item's history (replayer.h) and not the store's own structures.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "journal/record.h"

namespace daemonz::queue {

class Queue;

/// What is known of one living item.
struct Alive {
  Queue* queue = nullptr;
  std::int64_t order = 0;    ///< its place in its FIFO: a head goes before all that was there
  std::uint32_t size = 0;    ///< of the body, bytes
  std::uint16_t fields = 0;  ///< of its record, bytes
  std::uint8_t priority = 0;
  bool has_history = false;  ///< see Replayer

  [[nodiscard]] std::size_t payload() const { return std::size_t{size} + fields; }
};

/// Records come in the order of their places, and are mostly settled in it: a vector per segment,
/// searched from where the last search ended. Threads: one.
class LivingItems {
 public:
  void put(journal::Locator at, const Alive& alive);
  [[nodiscard]] std::optional<Alive> find(journal::Locator at) const;
  [[nodiscard]] bool contains(journal::Locator at) const { return find(at).has_value(); }
  void erase(journal::Locator at);
  void erase_all_of(const Queue& queue);
  /// All that stand in segments of which `is_held(number)` is false.
  template <class Predicate>
  void erase_segments_unless(Predicate&& is_held) {
    std::erase_if(segments_, [&](const auto& each) { return !is_held(each.first); });
  }
  /// visit(Locator, const Alive&) in the order of the places.
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    for (const auto& [number, segment] : segments_)
      for (const auto& slot : segment.slots)
        if (slot.is_alive) visit(journal::Locator{number, slot.words}, alive_of(slot));
  }

 private:
  struct Slot {
    std::int64_t order = 0;
    std::uint32_t words = 0;
    std::uint32_t size = 0;
    std::uint32_t queue = 0;  ///< index in queues_
    std::uint16_t fields = 0;
    std::uint8_t priority : 4 = 0;
    bool has_history : 1 = false;
    bool is_alive : 1 = false;
  };
  static_assert(sizeof(Slot) == 24, "there may be millions");
  struct Segment {
    std::vector<Slot> slots;  ///< by words
    std::size_t hint = 0;     ///< behind the slot that was found last
  };

  [[nodiscard]] std::vector<Slot>& slots_for(std::uint32_t segment);
  [[nodiscard]] Slot* slot_of(journal::Locator at) const;
  [[nodiscard]] std::uint32_t index_of(Queue* queue);
  [[nodiscard]] Alive alive_of(const Slot& slot) const {
    return {.queue = queues_[slot.queue],
            .order = slot.order,
            .size = slot.size,
            .fields = slot.fields,
            .priority = slot.priority,
            .has_history = slot.has_history};
  }

  mutable std::map<std::uint32_t, Segment> segments_;
  std::vector<Queue*> queues_;
  std::uint32_t last_queue_ = 0;
};

}  // namespace daemonz::queue
