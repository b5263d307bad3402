// The ready items of one priority of one queue, as locators of 8 bytes, in chunks.
#pragma once

#include <cstdint>
#include <deque>

#include "journal/record.h"

namespace daemonz::queue {

/// Both ends in constant time. std::deque keeps chunks of 64 locators and frees them as they empty.
/// Threads: one.
class Fifo {
 public:
  enum class End { head, tail };

  [[nodiscard]] bool is_empty() const { return slots_.empty(); }
  [[nodiscard]] journal::Locator front() const {
    return journal::Locator::unpacked(slots_.front());
  }
  void pop_front() { slots_.pop_front(); }
  void push(journal::Locator at, End end) {
    if (end == End::head)
      slots_.push_front(at.packed());
    else
      slots_.push_back(at.packed());
  }
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    for (const auto slot : slots_) visit(journal::Locator::unpacked(slot));
  }
  void clear() { std::deque<std::uint64_t>().swap(slots_); }

 private:
  std::deque<std::uint64_t> slots_;
};

}  // namespace daemonz::queue
