// The cgroups of the instances: NAME.N, made anew for each run, below the supervisor's own. Making
// and removing one costs the kernel as much as a small program's start, so a thread does it ahead
// and afterwards. Not what a cgroup is (process/cgroup.h), nor the killing.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "supervisor/plan.h"
#include "supervisor/state_file.h"

namespace daemonz::supervisor {

/// A group is its instance's own, which may make groups below. With controllers it has to move into
/// one of them first, since v2 forbids processes in inner groups then; so it is under systemd's
/// Delegate=, too. Threads: one; the thread that works is inside.
class Groups {
 public:
  explicit Groups(std::string folder);  ///< Home::cgroup; empty: this machine has no groups for us
  ~Groups();                            ///< when all that was asked for is done
  Groups(const Groups&) = delete;
  Groups& operator=(const Groups&) = delete;

  /// Begins to make the first groups of all that are to run and do not.
  void make_ahead(const Plan& plan, const std::vector<RecordedInstance>& running);
  /// The folder of a group in which nobody has lived: after cgroup.kill, Linux 6.18 kills what is
  /// born into the same group by clone3 at once (measured; joining it by cgroup.procs is not hit,
  /// but costs a grace period). Empty: there are none, or it could not be made, which is logged.
  [[nodiscard]] std::string fresh(const std::string& daemon, int index);
  /// Begins to remove it. No fresh one may be asked for any more.
  void remove(const std::string& group);

 private:
  struct Work {
    std::string folder;
    bool is_removal = false;
  };
  void run();
  void add(std::vector<Work> work);

  std::string folder_;
  std::mutex guard_;
  std::condition_variable changed_;
  std::deque<Work> work_;
  std::set<std::string> ahead_;  // made, and not handed out
  bool is_at_work_ = false;
  bool is_ending_ = false;
  std::thread thread_;  // from the first work on
};

}  // namespace daemonz::supervisor
