// Who waits for the end of a start, a stop or a reload, and when they are looked at. Not what they
// are told: answers.h.
#pragma once

#include <functional>
#include <vector>

#include "supervisor/answers.h"
#include "supervisor/fleet.h"
#include "supervisor/loop.h"

namespace daemonz::supervisor {

/// Threads: one.
class Waiters {
 public:
  /// `before_answers` is called before anybody is told something.
  Waiters(Loop& loop, std::function<void()> before_answers)
      : loop_(loop), before_answers_(std::move(before_answers)) {}

  void add(Waiter waiter) { waiters_.push_back(std::move(waiter)); }
  /// The instance is no more.
  void forget(const Supervised* instance) {
    for (auto& waiter : waiters_) std::erase(waiter.targets, instance);
  }
  /// Answers whom it can; the others again when time alone may have decided. `fleet` outlives this.
  void look(const Fleet& fleet);

 private:
  Loop& loop_;
  std::function<void()> before_answers_;
  std::vector<Waiter> waiters_;
  Loop::Watch timer_;
};

}  // namespace daemonz::supervisor
