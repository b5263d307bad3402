#include "offline_tasks/status.h"

#include <algorithm>
#include <thread>

#include "offline_tasks/front.h"

namespace daemonz::offline_tasks {
namespace {

constexpr Milliseconds pause_first{10}, pause_max{200};  // jobs.md: `wait` polls at 10..200 ms

}  // namespace

const char* to_string(JobState state) {
  switch (state) {
    case JobState::unknown: return "unknown";
    case JobState::queued: return "queued";
    case JobState::running: return "running";
    case JobState::retrying: return "retrying";
    case JobState::done: return "done";
    case JobState::dead: return "dead";
    case JobState::cancelled: return "cancelled";
  }
  return "unknown";
}

JobStatus status(const JobId& id) { return front()->status(id); }

JobStatus wait(const JobId& id, Milliseconds timeout) {
  const auto connected = front();
  const auto end = real_clock().steady() + timeout;
  for (auto pause = pause_first;; pause = std::min(pause * 2, pause_max)) {
    auto now = connected->status(id);
    const auto left = end - real_clock().steady();
    if (now.is_over() || left <= left.zero()) return now;
    // sleep-ok: the job table is polled, it cannot call back
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(pause, left));
  }
}

}  // namespace daemonz::offline_tasks
