// What the supervisor says to whoever has started it (systemd, or another supervisor): READY,
// STATUS, RELOADING, STOPPING, WATCHDOG=1. Not what its daemons say to it (process/notify.h).
// Source: sd_notify(3). Without NOTIFY_SOCKET nothing is said and nothing wakes up.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "process/notify.h"
#include "supervisor/loop.h"
#include "supervisor/supervised.h"

namespace daemonz::supervisor {

/// Threads: one.
class Upward {
 public:
  /// From here on WATCHDOG=1 is sent at half of WATCHDOG_USEC: by the loop, so that a hanging one
  /// is noticed.
  explicit Upward(Loop& loop);

  [[nodiscard]] bool is_wanted() const noexcept { return notifier_.is_wanted(); }
  void ready() const;      ///< the start, or a reload, has been decided
  void reloading() const;  ///< followed by ready()
  void stopping(Milliseconds at_most) const;
  /// STATUS: how many run, who does not. Sent when it has changed.
  void look_at(const std::vector<std::unique_ptr<Supervised>>& instances);

 private:
  void keep_watchdog_quiet();

  Loop& loop_;
  process::Notifier notifier_;
  std::string status_;
  Loop::Watch watchdog_;
};

}  // namespace daemonz::supervisor
