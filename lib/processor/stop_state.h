// What every part of a processor asks: are we stopping? And a wait that ends when we are.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/units.h"

namespace daemonz::processor {

/// Threads: any. Only ever goes forward: working -> quiet -> stopping -> handing back.
class StopState {
 public:
  [[nodiscard]] bool is_stopping() const {
    const std::scoped_lock lock(guard_);
    return is_stopping_;
  }
  /// For conditions of wait_for(), which holds the lock.
  [[nodiscard]] bool is_handing_back_unlocked() const { return is_handing_back_; }
  [[nodiscard]] bool is_handing_back() const {
    const std::scoped_lock lock(guard_);
    return is_handing_back_;
  }
  /// No further jobs, and nobody is hurried: TSTP, or a processor that recycles itself.
  [[nodiscard]] bool is_taking() const {
    const std::scoped_lock lock(guard_);
    return !is_stopping_ && !is_quiet_;
  }
  void quiet() {
    {
      const std::scoped_lock lock(guard_);
      is_quiet_ = true;
    }
    changed_.notify_all();
  }
  void stop() {
    {
      const std::scoped_lock lock(guard_);
      is_stopping_ = true;
    }
    changed_.notify_all();
  }
  void hand_back() {
    {
      const std::scoped_lock lock(guard_);
      is_stopping_ = is_handing_back_ = true;
    }
    changed_.notify_all();
  }
  /// Somebody's work has ended: wakes wait_for().
  void wake() {
    { const std::scoped_lock lock(guard_); }
    changed_.notify_all();
  }
  /// Sleeps for `time`, or until stop(). False: stopping.
  bool pause(Milliseconds time) {
    std::unique_lock lock(guard_);
    changed_.wait_for(lock, time, [&] { return is_stopping_; });
    return !is_stopping_;
  }
  /// Sleeps for `time`, or until no further jobs are taken.
  void pause_while_taking(Milliseconds time) {
    std::unique_lock lock(guard_);
    changed_.wait_for(lock, time, [&] { return is_stopping_ || is_quiet_; });
  }
  /// Sleeps for `time`, or until hand_back(). False: handing back.
  bool pause_while_finishing(Milliseconds time) {
    std::unique_lock lock(guard_);
    changed_.wait_for(lock, time, [&] { return is_handing_back_; });
    return !is_handing_back_;
  }
  /// Waits until `is_true` (asked at each change), at most for `time`.
  template <class Condition>
  void wait_for(Milliseconds time, const Condition& is_true) {
    std::unique_lock lock(guard_);
    changed_.wait_for(lock, time, [&] { return is_true(); });
  }

 private:
  mutable std::mutex guard_;
  std::condition_variable changed_;
  bool is_quiet_ = false, is_stopping_ = false, is_handing_back_ = false;
};

/// Waits between tries of something that is away: doubled from 100 ms on. Threads: one.
class Backoff {
 public:
  explicit Backoff(Milliseconds wait_max) : wait_max_(wait_max) {}
  [[nodiscard]] Milliseconds next() {
    const auto now = wait_;
    wait_ = std::min(wait_ * 2, wait_max_);
    return now;
  }
  void reset() { wait_ = first; }

 private:
  static constexpr Milliseconds first{100};
  Milliseconds wait_max_;
  Milliseconds wait_ = first;
};

}  // namespace daemonz::processor
