// The background processor: pops jobs, performs them, settles them. N threads, each with a
// connection of its own for leases, and one heartbeat that keeps them. Not the task code (Registry)
// and not signals or command lines (processor/serve.h). Follows jobs.md, "The processor", and
// delivery.md, points 7-16.
//
//     processor::Processor processor(options, registry, services);
//     processor.run();                     // until stop() from another thread
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "broker/broker.h"
#include "offline_tasks/envelope.h"
#include "offline_tasks/outcome.h"
#include "offline_tasks/registry.h"
#include "processor/http_door.h"
#include "processor/options.h"

namespace daemonz::processor {

/// A job in our hands: leased, and kept leased by the heartbeat until settle() or the destructor of
/// the processor. A value; losing it settles nothing: the lease lapses and the job runs again.
struct Reserved {
  broker::Lease lease;
  offline_tasks::Envelope job;
  offline_tasks::Token token;
  std::string fault;  ///< why the bytes are no envelope (then `job` is a `raw` one); else empty
};

struct Counts {
  int succeeded = 0;
  int failed = 0;  ///< retried, dead or put off
};

/// How run() ended.
enum class Ended {
  finished,     ///< every job that was begun is settled
  handed_back,  ///< some were not done in time: their leases are released, their handlers run on
  overdue       ///< something hangs (a handler, whose job has failed; the connections; the warm
                ///< process): the other jobs were handed back; leave, restart
};

/// Threads: one, but for stop(), quiet() and hand_back_now(). `registry`, `services` and
/// what they lend outlive it. After kill -9 every job it held runs again elsewhere.
class Processor {
 public:
  /// Checks the options (throws Error); connects to nothing. Where a task has the isolation fork or
  /// exec it forks the warm process: this process must have no other thread yet. `services`: one
  /// per thread, or one for all, or none.
  Processor(Options options, const offline_tasks::Registry& registry,
            std::vector<offline_tasks::Services> services = {});
  /// Joins the threads: waits for handlers that still run.
  ~Processor();
  Processor(const Processor&) = delete;
  Processor& operator=(const Processor&) = delete;

  /// Brings the job table up to date and asks the queue for a sign of life. Throws Error when one
  /// of them is not there; may be called again.
  void connect();

  /// Works until stop(). While the queue or the database is away it waits and tries again: nothing
  /// is lost by that. Connects by itself. Throws db::NewerSchema, which no waiting mends.
  Ended run();

  /// Finish: no further pops, running handlers see stop_requested() and have stop_grace; what is
  /// not done then is handed back uncounted. Threads: any.
  void stop() noexcept;
  /// No further pops, until stop(); running jobs go on as if nothing had been said. Threads: any.
  void quiet() noexcept;
  /// After stop(): do not wait any longer. Threads: any.
  void hand_back_now() noexcept;

  /// Runs at most `limit` jobs in this thread, one after the other, until none is ready. Throws
  /// Error when the queue cannot be reached.
  Counts work_off(int limit = 100);

  /// What an HttpDoor of this processor is wired to. Valid as long as this lives.
  [[nodiscard]] HttpDoorOptions door_options();

  // For a worker of one's own.
  /// The next job, or nullopt when none came within `wait`. Throws Error as above.
  [[nodiscard]] std::optional<Reserved> reserve(Milliseconds wait);
  /// Runs its handler, in this thread. Does not settle. Throws Superseded, and Error when the job
  /// table is away before the handler begins: settle it with Again then.
  [[nodiscard]] offline_tasks::Outcome perform(const Reserved& reserved);
  /// Acks, stores the successor or buries, as the outcome says. False: the lease was lost, the job
  /// is somebody else's.
  bool settle(const Reserved& reserved, const offline_tasks::Outcome& outcome);

 private:
  struct Parts;
  void wait_for_lanes();

  std::unique_ptr<Parts> parts_;
};

}  // namespace daemonz::processor
