// The daemon for what nobody waits for: it replays this machine's spool; one leader among the
// schedulers relays the outbox and moves dead deliveries into the job table. Not a processor: it
// performs no task. Follows jobs.md, "The scheduler".
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/units.h"
#include "offline_tasks/hooks.h"

namespace daemonz::scheduler {

struct Options {
  std::string broker = "memcache://127.0.0.1:22122";
  std::string database;
  std::string name;   ///< among schedulers; host:pid:start
  std::string spool;  ///< folder of this machine's front ends, replayed; empty: none
  std::vector<offline_tasks::Hook> on_error;  ///< told of jobs that the queue server took away
  Milliseconds every{2'000};   ///< between two sweeps: a person may wait so long to see a dead job
  Milliseconds lease{15'000};  ///< of the leader; another takes over after this
  std::function<void()> on_ready;
};

/// Works until `stop`. Waits while queue or database are away. Throws Error for bad URLs and for
/// tables of a newer version.
void run(const Options& options, const std::stop_token& stop);

}  // namespace daemonz::scheduler
