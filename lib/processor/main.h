// The main of a site's own processor, with the options of daemonz-processor that concern it:
//
//     int main(int argc, char** argv) { return processor::main<ShopTasks>(argc, argv); }
//
// Not for front ends: naming the tasks' registry here is what asks the linker for every `perform`.
// daemonz-processor itself has a main of its own, with the course's sandbox.
#pragma once

#include "processor/serve.h"

namespace daemonz::processor {

/// What main() may be told besides the command line.
struct Site {
  Options options;                                ///< daemonz.yml and the command line win over it
  std::vector<offline_tasks::Services> services;  ///< see Processor
};

/// Reads the nearest config/daemonz.yml, if there is one; Context::push goes by its `push:`.
/// --config --queues --broker --database --threads --name --work-off --min-priority --max-priority
/// --log-level --help; MIN_PRIORITY and MAX_PRIORITY from the environment. Returns the exit code of
/// cli.md: 0 done, 1 not done, 2 usage.
int run_main(int argc, char** argv, const offline_tasks::Registry& registry, Site site = {});

template <class Tasks>
int main(int argc, char** argv, Site site = {}) {
  return run_main(argc, argv, offline_tasks::Registry::of<Tasks>(), std::move(site));
}

}  // namespace daemonz::processor
