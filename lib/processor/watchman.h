// Looks after the lanes of a processor while they work: handlers that hang, connections that went
// deaf, a process that grew, queues that a glob means. Of this room only. Follows jobs.md, "Time
// limits" and `watchdog against "connected, jobs ready, none taken"`.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "processor/lane.h"
#include "processor/workshop.h"

namespace daemonz::processor {

/// Threads: one.
class Watchman {
 public:
  Watchman(Workshop& workshop, const std::vector<std::unique_ptr<Lane>>& lanes,
           const std::atomic<int>& working)
      : workshop_(workshop), lanes_(lanes), working_(working) {}

  /// Until the processor stops, or has recycled itself (false), or something hangs that only a
  /// fresh process mends (true).
  [[nodiscard]] bool watch();

 private:
  [[nodiscard]] bool is_warm_process_dead() const;
  [[nodiscard]] bool has_overdue();
  [[nodiscard]] bool is_deaf();
  [[nodiscard]] bool is_given_a_job();
  void recycle_when_due();
  void look_for_queues();
  [[nodiscard]] broker::Broker& connection();

  Workshop& workshop_;
  const std::vector<std::unique_ptr<Lane>>& lanes_;
  const std::atomic<int>& working_;
  std::unique_ptr<broker::Broker> connection_;
  int deaf_looks_ = 0;
  bool is_recycling_ = false;
};

}  // namespace daemonz::processor
