// Log lines that wait: where the work that they tell of must not wait for them. Not the log itself
// (log.h).
#pragma once

namespace daemonz::log {

/// What this thread logs while one lives is written when the last of them ends, in order, each line
/// with the time at which it was said. A process that is killed meanwhile takes them along: for
/// a millisecond of work, not for a wait. Threads: one, that which made it.
class Held {
 public:
  Held() noexcept;
  ~Held();
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
};

}  // namespace daemonz::log
