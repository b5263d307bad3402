// A processor as a program: signals, readiness, and the end of the process. Follows cli.md and
// jobs.md, "TERM: ..".
#pragma once

#include <vector>

#include "offline_tasks/registry.h"
#include "processor/options.h"
#include "processor/processor.h"

namespace daemonz::processor {

/// Runs until SIGTERM or SIGINT: running jobs finish within stop_grace, the rest is handed back; a
/// second signal hands back at once. SIGTSTP makes it quiet: no further jobs, until it is stopped.
/// Says READY=1 when queue and database have answered, WATCHDOG=1 while it watches its lanes.
/// Returns
/// the exit code when every job was settled. A thread cannot be stopped, so it leaves by _exit(0)
/// when handlers still run, and by _exit(1) when one hangs beyond its time limit. Call it from the
/// main thread before any other is started.
int serve(Options options, const offline_tasks::Registry& registry,
          std::vector<offline_tasks::Services> services = {});

/// `--work-off N`: performs at most `limit` ready jobs and returns. Prints nothing.
Counts work_off(Options options, const offline_tasks::Registry& registry, int limit,
                std::vector<offline_tasks::Services> services = {});

}  // namespace daemonz::processor
