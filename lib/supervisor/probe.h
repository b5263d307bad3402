// "Is it ready?" asked from outside until the answer is yes, for daemons that do not say so
// themselves. Not the question itself (check.h), the notify socket (process/notify.h), or the log
// (line_search.h).
#pragma once

#include <functional>
#include <memory>

#include "supervisor/check.h"

namespace daemonz::supervisor {

/// Its end is the end of the asking. Threads: one.
class Probe {
 public:
  /// `options.time` is set here. `succeeded` is called once; it may end this object.
  Probe(Loop& loop, CheckOptions options, std::function<void()> succeeded);

  bool take_ended(pid_t pid) { return check_ && check_->take_ended(pid); }  ///< as Check

 private:
  void ask();

  Loop& loop_;
  CheckOptions options_;
  std::function<void()> succeeded_;
  Milliseconds pause_;
  std::unique_ptr<Check> check_;
  Loop::Watch timer_;
};

}  // namespace daemonz::supervisor
