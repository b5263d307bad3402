// Whether to wait for a queue that did not answer the last push, so that a site whose queue is away
// goes to its fallback at once, not after a deadline in each request. Pure: told answers and times.
// Private to this room; Front asks it. Follows jobs.md, "A push has a deadline".
#pragma once

#include <atomic>

#include "base/clock.h"
#include "base/units.h"

namespace daemonz::offline_tasks {

/// After a push without an answer, the queue is asked again so often: by one push, once.
inline constexpr Milliseconds away_time{1'000};

/// Closed: all is well. Open: away. Threads: any, also after fork (no mutex).
class Circuit {
 public:
  enum class Try { until_deadline, once, not_now };

  [[nodiscard]] Try ask(SteadyTime now) noexcept {
    auto due = due_.load();
    if (due == closed) return Try::until_deadline;
    if (count_of(now) < due) return Try::not_now;
    // The others keep to their fallback while this one asks.
    return due_.compare_exchange_strong(due, count_of(now + away_time)) ? Try::once : Try::not_now;
  }
  /// True: it was open.
  bool answered() noexcept { return due_.exchange(closed) != closed; }
  /// True: it was closed.
  bool silent(SteadyTime now) noexcept {
    return due_.exchange(count_of(now + away_time)) == closed;
  }

 private:
  using Count = SteadyTime::rep;
  static constexpr Count closed = 0;
  static Count count_of(SteadyTime time) { return time.time_since_epoch().count(); }

  std::atomic<Count> due_{closed};  ///< when to ask again
};

}  // namespace daemonz::offline_tasks
