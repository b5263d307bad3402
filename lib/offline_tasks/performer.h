// Performs jobs in this process as a processor would: through JSON, with a Context, once per call.
// What the strategies inline, async and fake share. Private to this room; the real processor is a
// room of its own.
#pragma once

#include <functional>

#include "db/pool.h"
#include "offline_tasks/connect.h"
#include "offline_tasks/context.h"
#include "offline_tasks/local_results.h"
#include "offline_tasks/outcome.h"

namespace daemonz::offline_tasks {

/// Threads: any.
class Performer {
 public:
  struct Parts {
    const Registry* registry = nullptr;
    const Services* services = nullptr;
    std::function<db::Pool::Taken()> database;   ///< empty: Context::db throws
    std::function<JobId(const Envelope&)> push;  ///< for further jobs
    std::function<WallTime()> now;
  };
  explicit Performer(Parts parts) : parts_(std::move(parts)) {}

  /// What the handler throws comes out.
  [[nodiscard]] Outcome perform(const Envelope& job);
  /// As a processor does, for strategies that settle: an exception is a Fail. Notes progress and
  /// the state in results(). Pushes the follow-up tasks of on_done. `successor`: set when the job
  /// is to run again, with its time in run_at.
  enum class Settled { done, again, dead };
  Settled settle(const Envelope& job, const std::function<bool()>& stop_requested,
                 std::optional<Envelope>& successor);

  [[nodiscard]] LocalResults& results() { return results_; }

 private:
  [[nodiscard]] Outcome run(const Envelope& job, const std::function<bool()>& stop_requested,
                            const std::function<Outcome(Context&)>& body);
  void follow(const Envelope& job);

  const Parts parts_;
  LocalResults results_;
};

}  // namespace daemonz::offline_tasks
