// A queue of small slots in chunks that know the lowest segment of the log that they point into, so
// that what stands in a given segment is found without an index. Not a container for bodies: a slot
// is a locator, or a few numbers.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>

namespace daemonz::queue {

/// `Slot` is a plain value with a field `segment`; 0 there: nothing stands in it (any more). Both
/// ends in constant time; a chunk is freed when it is empty. Threads: one.
template <class Slot>
class Fifo {
 public:
  enum class End { head, tail };

  Fifo() = default;
  Fifo(Fifo&& other) noexcept { swap(other); }
  Fifo& operator=(Fifo&& other) noexcept {
    Fifo(std::move(other)).swap(*this);
    return *this;
  }
  ~Fifo() { clear(); }

  [[nodiscard]] bool is_empty() const { return first_ == nullptr; }
  [[nodiscard]] const Slot& front() const { return first_->slots[first_->begin]; }
  void pop_front() {
    ++first_->begin;
    drop_nothing();
  }
  void push(const Slot& slot, End end) {
    auto& chunk = end == End::head ? chunk_for_head() : chunk_for_tail();
    chunk.lowest = std::min(chunk.lowest, slot.segment);
    if (end == End::head)
      chunk.slots[--chunk.begin] = slot;
    else
      chunk.slots[chunk.end++] = slot;
    if (slot.segment > searched_) return;
    if (end == End::head)
      search_ = first_;
    else if (search_ == nullptr)
      search_ = last_;
  }

  /// visit(Slot&) for the slots of `segment` (and lower ones, which hold nothing alive), front to
  /// back, until it returns false. It may change the slot (a later segment, or 0) and must not push
  /// or pop here. Looks at `chunks` chunks at most and subtracts them. True: it saw them all. The
  /// next call goes on where this one ended, so that any number of calls costs one walk per
  /// segment; what was pushed meanwhile is seen too. `segment` never falls.
  template <class Visitor>
  bool visit_segment(std::uint32_t segment, std::uint64_t& chunks, Visitor&& visit) {
    if (segment != searched_) search_ = first_;
    searched_ = segment;
    bool goes_on = true;
    for (; goes_on && search_ != nullptr && chunks > 0; --chunks) {
      if (search_->lowest <= segment) {
        for (auto i = search_->begin; goes_on && i < search_->end; ++i)
          if (search_->holds(i, segment)) goes_on = visit(search_->slots[i]);
        search_->find_lowest();
      }
      if (goes_on) search_ = search_->next;
    }
    const bool is_done = search_ == nullptr;
    drop_nothing();
    return is_done;
  }

  template <class Visitor>
  void for_each(Visitor&& visit) const {
    for (const auto* chunk = first_; chunk != nullptr; chunk = chunk->next)
      for (auto i = chunk->begin; i < chunk->end; ++i)
        if (chunk->slots[i].segment != 0) visit(chunk->slots[i]);
  }
  void clear() {
    while (first_ != nullptr) drop_first();
  }

 private:
  /// A chunk has about 1,000 bytes: malloc keeps such ones at hand per thread, so that a queue that
  /// is filled and emptied all the time pays next to nothing for them.
  static constexpr std::uint32_t capacity = 1000 / sizeof(Slot);
  static constexpr std::uint32_t nowhere = UINT32_MAX;

  struct Chunk {
    Chunk* next = nullptr;
    std::uint32_t begin = 0, end = 0;  ///< the used slots
    std::uint32_t lowest = nowhere;    ///< no slot has a lower segment
    std::array<Slot, capacity> slots;

    [[nodiscard]] bool holds(std::uint32_t i, std::uint32_t segment) const {
      return slots[i].segment != 0 && slots[i].segment <= segment;
    }
    void find_lowest() {
      lowest = nowhere;
      for (auto i = begin; i < end; ++i)
        if (slots[i].segment != 0) lowest = std::min(lowest, slots[i].segment);
    }
  };

  void swap(Fifo& other) noexcept {
    std::swap(first_, other.first_);
    std::swap(last_, other.last_);
    std::swap(search_, other.search_);
    std::swap(searched_, other.searched_);
  }
  Chunk& chunk_for_tail() {
    if (first_ == nullptr) return *(first_ = last_ = new Chunk);
    if (last_->end == capacity) last_ = last_->next = new Chunk;
    return *last_;
  }
  Chunk& chunk_for_head() {
    if (first_ != nullptr && first_->begin > 0) return *first_;
    auto* chunk = new Chunk{.next = first_, .begin = capacity, .end = capacity};
    if (first_ == nullptr) last_ = chunk;
    first_ = chunk;
    return *chunk;
  }
  /// What stands in front is something, or there is nothing.
  void drop_nothing() {
    while (first_ != nullptr) {
      for (; first_->begin < first_->end; ++first_->begin)
        if (front().segment != 0) return;
      drop_first();
    }
  }
  void drop_first() {
    const std::unique_ptr<Chunk> gone(first_);
    first_ = gone->next;
    if (search_ == gone.get()) search_ = first_;
    if (first_ == nullptr) last_ = nullptr;
  }

  Chunk* first_ = nullptr;  ///< owned, as is each next one
  Chunk* last_ = nullptr;
  Chunk* search_ = nullptr;     ///< chunks before it have nothing of searched_ or lower
  std::uint32_t searched_ = 0;  ///< the segment of the last visit
};

}  // namespace daemonz::queue
