// Process 1 of a run: makes the run's own part of the world, starts the program, reaps whatever
// falls to it, and when the program ends (or the keeper says stop, or is gone) kills all that is
// left and reports. Not reachable by the program: not dumpable, deaf to its signals.
// Follows sandbox.md, points 3 and 7. Sources: pid_namespaces(7), signalfd(2).
#pragma once

#include "sandbox/plan.h"

namespace daemonz::sandbox {

/// The child of the keeper's clone3. Sends InitMessages over plan.reins. Never returns.
[[noreturn]] void init_main(Plan& plan);

}  // namespace daemonz::sandbox
