#include "queue/living.h"

#include <algorithm>

namespace daemonz::queue {

void LivingItems::put(journal::Locator at, const Alive& alive) {
  auto& slots = slots_for(at.segment);
  const bool is_next = slots.empty() || slots.back().words < at.words;
  if (is_next) slots.emplace_back();
  auto place = is_next ? std::prev(slots.end())
                       : std::ranges::lower_bound(slots, at.words, {}, &Slot::words);
  if (!is_next && place->words != at.words) place = slots.emplace(place);
  // Field by field: a copy of a slot made on the stack is slower by far.
  place->order = alive.order;
  place->words = at.words;
  place->size = alive.size;
  place->queue = index_of(alive.queue);
  place->fields = alive.fields;
  place->priority = alive.priority;
  place->has_history = alive.has_history;
  place->is_alive = true;
}

std::vector<LivingItems::Slot>& LivingItems::slots_for(std::uint32_t segment) {
  if (segments_.empty() || segments_.rbegin()->first < segment) {
    // Neighbours are mostly alike: nothing is moved while it grows.
    const auto expected = segments_.empty() ? 0 : segments_.rbegin()->second.slots.size();
    segments_[segment].slots.reserve(expected + expected / 16);
  }
  if (segments_.rbegin()->first == segment) return segments_.rbegin()->second.slots;
  return segments_[segment].slots;
}

std::optional<Alive> LivingItems::find(journal::Locator at) const {
  const auto* slot = slot_of(at);
  return slot ? std::optional(alive_of(*slot)) : std::nullopt;
}

void LivingItems::erase(journal::Locator at) {
  if (auto* slot = slot_of(at)) slot->is_alive = false;
}

void LivingItems::erase_all_of(const Queue& queue) {
  const auto found = std::ranges::find(queues_, &queue);
  const auto index = static_cast<std::uint32_t>(found - queues_.begin());
  for (auto& [number, segment] : segments_)
    for (auto& slot : segment.slots)
      if (slot.queue == index) slot.is_alive = false;
}

LivingItems::Slot* LivingItems::slot_of(journal::Locator at) const {
  const auto segment = segments_.find(at.segment);
  if (segment == segments_.end()) return nullptr;
  auto& [slots, hint] = segment->second;
  auto place = slots.begin() + static_cast<std::ptrdiff_t>(std::min(hint, slots.size()));
  if (place == slots.end() || place->words != at.words)
    place = std::ranges::lower_bound(slots, at.words, {}, &Slot::words);
  if (place == slots.end() || place->words != at.words) return nullptr;
  hint = static_cast<std::size_t>(place - slots.begin()) + 1;
  return place->is_alive ? &*place : nullptr;
}

std::uint32_t LivingItems::index_of(Queue* queue) {
  if (last_queue_ < queues_.size() && queues_[last_queue_] == queue) return last_queue_;
  const auto found = std::ranges::find(queues_, queue);
  last_queue_ = static_cast<std::uint32_t>(found - queues_.begin());
  if (found == queues_.end()) queues_.push_back(queue);
  return last_queue_;
}

}  // namespace daemonz::queue
