// The main of a site's own processor, with the options of daemonz-processor that concern it:
//
//     int main(int argc, char** argv) { return processor::main<ShopTasks>(argc, argv); }
//
// Not for front ends: naming the tasks' registry here is what asks the linker for every `perform`.
// daemonz-processor itself reads daemonz.yml besides and has a main of its own.
#pragma once

#include "processor/serve.h"

namespace daemonz::processor {

/// What main() may be told besides the command line.
struct Site {
  Options options;                                ///< the command line wins over it
  std::vector<offline_tasks::Services> services;  ///< see Processor
};

/// --queues --broker --database --threads --name --work-off --min-priority --max-priority
/// --log-level --help; MIN_PRIORITY and MAX_PRIORITY from the environment. Returns the exit code of
/// cli.md: 0 done, 1 not done, 2 usage.
int run_main(int argc, char** argv, const offline_tasks::Registry& registry, Site site = {});

template <class Tasks>
int main(int argc, char** argv, Site site = {}) {
  return run_main(argc, argv, offline_tasks::Registry::of<Tasks>(), std::move(site));
}

}  // namespace daemonz::processor
