// The strategy `async`: threads of this process perform the jobs, with delays and retries, for
// development. What is not done when the process ends is gone: production has the queue. Private to
// this room.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "offline_tasks/performer.h"
#include "offline_tasks/way.h"

namespace daemonz::offline_tasks {

/// Threads: any. A forked child has no threads of its parent: its pushes are refused with what to
/// do, and its destructor touches nothing.
class AsyncWay final : public Way {
 public:
  AsyncWay(Performer& performer, int threads);
  /// Finishes what is due (handlers see stop_requested), drops the rest with a line in the log.
  ~AsyncWay() override;
  AsyncWay(const AsyncWay&) = delete;
  AsyncWay& operator=(const AsyncWay&) = delete;

  [[nodiscard]] std::string_view name() const override { return "async"; }
  broker::PushResult take(const Parcel& parcel, Milliseconds patience) override;

 private:
  struct Shared;  // what a forked child must leave alone
  void work();

  Performer& performer_;
  const pid_t pid_;
  std::unique_ptr<Shared> shared_;
};

}  // namespace daemonz::offline_tasks
