// How one processor is run. From daemonz.yml and the command line (daemons/), or from a site's own
// main (processor/main.h). Follows cli.md and jobs.md, "The processor".
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/queue_name.h"
#include "base/units.h"
#include "offline_tasks/hooks.h"
#include "offline_tasks/signing.h"
#include "processor/queue_patterns.h"

namespace daemonz::broker {
class Broker;
}

namespace daemonz::processor {

/// Where an attempt at a job runs. `thread`: in the processor. `fork`: in a fresh child of a warm
/// process that was forked before any thread and connection was there. `exec`: a program of any
/// language (processor/program_task.h).
enum class Isolation { thread, fork, exec };

/// What this processor does with one task beyond what the task's own code says.
struct TaskSettings {
  Isolation isolation = Isolation::thread;
  std::vector<std::string> command;  ///< of `exec`, looked up in PATH where it has no slash
  Bytes memory_max{0};               ///< fork, exec: of all its processes together; 0: no limit
};

struct Options {
  std::string broker = "memcache://127.0.0.1:22122";
  std::string database;  ///< sqlite:.. | mysql://..; empty: no job table, no Context::db()
  std::vector<QueueName> queues = {QueueName("pulls"), QueueName("pushes")};  ///< best first
  /// Instead of `queues`: expanded at the start and every expand_interval.
  std::optional<QueuePatterns> queue_patterns;
  offline_tasks::Signing signing;  ///< with keys: unsigned, altered and replayed jobs are refused
  int threads = 1;
  std::string name;  ///< in locked_by and the log; empty: host:pid:start
  Priority priority_min = priority_first, priority_max = priority_last;
  std::map<std::string, TaskSettings> tasks;  ///< by task name; the others run in threads

  Milliseconds lease{10'000};  ///< a hung processor's job runs elsewhere after this
  /// A restarted queue server gives leases of its old connections 3 s to be touched
  /// (queue-protocol.md): this must leave room for the way there.
  Milliseconds heartbeat{2'000};
  /// One blocking pop; below broker::wait_max. Short, since a stop waits for its end: an interrupt
  /// closes the connection, and what is handed over in that instant counts as delivered
  /// (delivery.md, point 14).
  Milliseconds pop_wait{250};
  /// After the first TERM running jobs may go on for so long; below the supervisor's 30 s, so that
  /// there is time to hand the rest back.
  Milliseconds stop_grace{20'000};
  /// A handler that goes on for so long after its time limit hangs: its job fails. A process of its
  /// own is killed with all that came from it. A thread cannot be stopped: the other jobs are
  /// handed back, and the processor ends.
  Milliseconds overdue_grace{10'000};
  Milliseconds unreachable_wait_max{
      5'000};                            ///< queue or database down: retried at most this seldom
  Milliseconds expand_interval{10'000};  ///< so soon a new queue is served that a glob means
  /// Lanes that wait for so long while another connection is given a job at once are deaf: the
  /// processor leaves, and is started again.
  Milliseconds deaf_after{30'000};
  std::string http;      ///< HOST:PORT to take jobs at, see processor/http_door.h; empty: none
  int recycle_jobs = 0;  ///< leave after so many, when idle: what leaks comes to nothing; 0: never
  Bytes recycle_rss{0};  ///< leave when larger than this, when idle; 0: never

  /// Told of each attempt that failed and each job that is dead.
  std::vector<offline_tasks::Hook> on_error;
  /// Commands that a job names in its on_done are run. Off: who can push could run anything.
  bool runs_commands_of_jobs = false;

  const Clock* clock = &real_clock();
  std::function<void()> on_ready;  ///< queue and database have answered, work begins
  std::function<void()> on_alive;  ///< about every second while it watches its lanes
  /// Makes one connection. Empty: broker::connect(broker). Tests give a double.
  std::function<std::unique_ptr<broker::Broker>()> connect_broker;
};

inline constexpr int threads_max = 256;  ///< more are a mistake: each has its connections

/// Throws Error that names the option: no queue or names that are too long, a bad URL, too many
/// threads, an empty range of priorities, a heartbeat that is not well below the lease.
void check(const Options& options);

}  // namespace daemonz::processor
