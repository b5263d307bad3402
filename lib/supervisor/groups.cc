#include "supervisor/groups.h"

#include "base/log.h"
#include "process/cgroup.h"

namespace daemonz::supervisor {

Groups::Groups(std::string folder) : folder_(std::move(folder)) {}

Groups::~Groups() {
  {
    const std::scoped_lock lock(guard_);
    is_ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Groups::make_ahead(const Plan& plan, const std::vector<RecordedInstance>& running) {
  if (folder_.empty()) return;
  std::set<std::string> theirs;
  for (const auto& one : running) theirs.insert(file_name_of(one.daemon, one.index));
  std::vector<Work> work;
  for (const auto& one : plan.instances)
    if (const auto name = file_name_of(one.daemon, one.index); !theirs.contains(name))
      work.push_back({.folder = folder_ + "/" + name});
  add(std::move(work));
}

std::string Groups::fresh(const std::string& daemon, int index) {
  if (folder_.empty()) return {};
  const auto group = folder_ + "/" + file_name_of(daemon, index);
  std::unique_lock lock(guard_);
  changed_.wait(lock, [this] { return work_.empty() && !is_at_work_; });
  if (ahead_.erase(group) > 0 || process::create_cgroup(group)) return group;
  log::warn("supervisor", "no cgroup for instance", {{"name", daemon}, {"group", group}});
  return {};
}

void Groups::remove(const std::string& group) {
  if (!group.empty()) add({{.folder = group, .is_removal = true}});
}

void Groups::add(std::vector<Work> work) {
  const std::scoped_lock lock(guard_);
  work_.insert(work_.end(), work.begin(), work.end());
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

void Groups::run() {
  std::unique_lock lock(guard_);
  for (;;) {
    changed_.wait(lock, [this] { return is_ending_ || !work_.empty(); });
    if (work_.empty()) return;
    const auto [group, is_removal] = work_.front();
    work_.pop_front();
    is_at_work_ = true;
    lock.unlock();
    const bool is_done = is_removal ? process::remove_cgroup(group) : process::create_cgroup(group);
    lock.lock();
    is_at_work_ = false;
    if (is_done && !is_removal) ahead_.insert(group);
    if (work_.empty()) changed_.notify_all();
  }
}

}  // namespace daemonz::supervisor
