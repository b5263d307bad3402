// Process 1 of a run: makes the run's own part of the world, starts the program, reaps whatever
// falls to it, and when the program ends (or the keeper says stop, or is gone) kills all that is
// left and reports. Not reachable by the program: not dumpable, deaf to its signals.
//
// It shares the keeper's memory, as copying a process costs more than half of what init does. So
// they take turns: from its start until its first message, while it may allocate and throw, the
// keeper waits for that message and does nothing else. From then on init makes system calls alone
// (raw_call.h), on a stack of its own.
// Follows sandbox.md, points 3 and 7. Sources: pid_namespaces(7), signalfd(2).
#pragma once

#include "sandbox/plan.h"

namespace daemonz::sandbox {

/// The body of the keeper's clone_process; `plan` is a Plan*. Sends InitMessages over its reins.
/// Never returns.
int init_main(void* plan);

}  // namespace daemonz::sandbox
