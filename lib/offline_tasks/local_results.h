// What became of jobs that this process performed itself (inline, async, fake), so that status()
// and wait() answer at the same call sites as with a queue. Only the last ones are kept.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "offline_tasks/status.h"

namespace daemonz::offline_tasks {

/// Threads: any.
class LocalResults {
 public:
  static constexpr std::size_t kept_max = 1'000;  ///< a test that asks for older ones is unusual

  void keep(JobStatus status) {
    const std::lock_guard lock(mutex_);
    const auto [place, is_new] = by_id_.try_emplace(status.id);
    if (is_new) order_.push_back(status.id);
    place->second = std::move(status);
    if (order_.size() <= kept_max) return;
    by_id_.erase(order_.front());
    order_.pop_front();
  }

  [[nodiscard]] std::optional<JobStatus> find(const JobId& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return {};
    return found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<JobId, JobStatus> by_id_;
  std::deque<JobId> order_;
};

}  // namespace daemonz::offline_tasks
