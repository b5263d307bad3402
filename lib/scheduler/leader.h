// One leader among the schedulers of a site: a row with a deadline in the database. Follows
// jobs.md, "The scheduler". Whoever leads must still do nothing that hurts when done twice: a
// leader that was stopped (SIGSTOP) believes in its lease until it looks again.
#pragma once

#include <string>

#include "base/clock.h"
#include "db/connection.h"

namespace daemonz::scheduler {

/// Brings this room's tables up to date. Throws Error when they are of a newer version.
void migrate(db::Connection& connection);

/// Threads: one.
class Leader {
 public:
  /// `holder`: who we are, unique among the schedulers.
  Leader(std::string holder, Milliseconds lease, const Clock& clock = real_clock())
      : holder_(std::move(holder)), lease_(lease), clock_(clock) {}

  /// Takes or extends the lease. True: we lead for the next `lease`. Throws DatabaseError.
  [[nodiscard]] bool try_lead(db::Connection& connection);
  /// Gives it up, so that another may lead at once.
  void resign(db::Connection& connection);

 private:
  std::string holder_;
  Milliseconds lease_;
  const Clock& clock_;
};

}  // namespace daemonz::scheduler
