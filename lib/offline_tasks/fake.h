// The strategy `fake`: pushes are recorded, nothing runs until the test says so, and time is the
// test's. The test's end of what the other strategies do at the same call sites. Follows jobs.md
// ("Strategies") and seed rows A12, A24.
//
//     connect({.strategy = Strategy::fake, .registry = &registry});
//     sign_up("ada");                                            // the code under test pushes
//     CHECK(fake().pushed<MailWelcome>().at(0).to == "ada");
//     fake().advance(1h);                                        // delays and retries come due
//     CHECK(fake().drain().succeeded == 1);                      // performs what is due
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "offline_tasks/task.h"
#include "offline_tasks/way.h"

namespace daemonz::offline_tasks {

class Performer;

/// Stands still but for advance(). Threads: any.
class MovableClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime steady() const override;
  [[nodiscard]] WallTime wall() const override;
  void advance(Milliseconds span);

 private:
  mutable std::mutex guard_;
  SteadyTime steady_ = real_clock().steady();
  WallTime wall_ = real_clock().wall();
};

/// Threads: any; drain() one at a time.
class Fake final : public Way {
 public:
  struct Drained {
    int succeeded = 0;
    int failed = 0;  ///< failed, put off or dead
  };

  explicit Fake(Performer& performer, MovableClock& clock) : performer_(performer), clock_(clock) {}

  /// All pushes of T since connect() or clear(), in order, performed or not; read back from JSON.
  template <Task T>
  [[nodiscard]] std::vector<T> pushed() const {
    std::vector<T> found;
    for (const auto& job : jobs())
      if (job.task == T::name) found.push_back(from_json<T>(job.args));
    return found;
  }
  /// The same for all tasks, with queue, priority, times and context.
  [[nodiscard]] std::vector<Envelope> jobs() const;

  /// Performs what is due, pulls first, then by priority and age, and what that pushes in turn,
  /// until nothing is due. A failed job waits for its retry: advance() the clock.
  Drained drain();
  /// The next push throws Error, as when nothing takes the job.
  void fail_next(std::string why = "planted by fail_next()");
  /// Moves the clock that delays, expiries and retries go by.
  void advance(Milliseconds span) { clock_.advance(span); }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  /// Forgets all jobs.
  void clear();

  [[nodiscard]] std::string_view name() const override { return "fake"; }
  broker::PushResult take(const Parcel& parcel, Milliseconds patience) override;

 private:
  [[nodiscard]] std::optional<Envelope> take_due();

  Performer& performer_;
  MovableClock& clock_;
  mutable std::mutex guard_;
  std::vector<Envelope> jobs_;          // guarded; all
  std::vector<Envelope> waiting_;       // guarded; not over yet, in order of arrival
  std::string held_key_;                // guarded; the unique key of the job that runs
  std::optional<std::string> planted_;  // guarded
};

/// The one of this process. Throws Error when connect() was given another strategy.
[[nodiscard]] Fake& fake();

}  // namespace daemonz::offline_tasks
