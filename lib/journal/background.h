// Who does what must not hold up the journal's owner: syncs, removals, the next segment. Threads
// do, but in a simulation, which decides itself when each piece happens. Not a thread pool.
#pragma once

#include <functional>

namespace daemonz::journal {

enum class Background { threads, by_hand };

/// The pieces, for who does them by hand; false: there was nothing to do. Journal::open() fills it;
/// good while the journal lives. Threads: the owner's.
struct ByHand {
  std::function<bool()> commit;      ///< one sync of what was asked for, and the removals after it
  std::function<void()> end_ride;    ///< what rides is due now (ride_max is over)
  std::function<bool()> make_spare;  ///< the next segment, if it was requested
  std::function<bool()> verify;      ///< one segment that the start left unverified
};

}  // namespace daemonz::journal
