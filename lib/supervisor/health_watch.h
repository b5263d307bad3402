// "Is it still well?" asked again and again while an instance is up: `health:`. Not the question
// (check.h), and not what follows from the answer (instance.h).
#pragma once

#include <functional>
#include <memory>

#include "supervisor/check.h"

namespace daemonz::supervisor {

/// Asks one interval after its beginning, then one interval after each answer. Its end is the end
/// of the asking. Threads: one.
class HealthWatch {
 public:
  /// `start` as in CheckOptions. `answered` gets the failures in a row, 0 for a success, each time;
  /// it may end this object.
  HealthWatch(Loop& loop, const config::Health& health, std::function<process::Child()> start,
              std::function<void(int failures)> answered);

  bool take_ended(pid_t pid) { return check_ && check_->take_ended(pid); }  ///< as Check

 private:
  void wait();

  Loop& loop_;
  Milliseconds interval_;
  CheckOptions options_;
  std::function<void(int)> answered_;
  int failures_ = 0;
  std::unique_ptr<Check> check_;
  Loop::Watch timer_;
};

}  // namespace daemonz::supervisor
