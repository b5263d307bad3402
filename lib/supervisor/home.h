// The places of one installation at run time: lock, control socket, notify sockets, log pipes,
// state file, cgroup; and the ending of what an earlier supervisor has left there.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "config/config.h"
#include "process/lock_file.h"
#include "supervisor/plan.h"
#include "supervisor/state_file.h"

namespace daemonz::supervisor {

/// Two installations on one machine have different homes; a start from another folder has the same.
/// A value. Threads: any.
struct Home {
  std::string folder;  ///< config.state_dir
  std::string lock_file;
  std::string control_socket;
  std::string notify_folder;  ///< one socket per instance
  std::string io_folder;      ///< the named pipes of their output
  std::string state_file;
  std::string wishes_file;   ///< stays also when nothing runs
  std::string token_prefix;  ///< of the marks of all its trees (process/tree.h)
  std::string cgroup;        ///< the group above all instances; empty: this machine gives none
};

[[nodiscard]] Home home_of(const config::Config& config);

/// Where the supervisor itself logs when nobody looks at its stderr.
[[nodiscard]] std::string log_path_of(const config::Config& config);
/// From now on this process logs there.
void log_to_file(const config::Config& config);

/// "cannot start: already running (pid 4121 holds tmp/daemonz/daemonz.lock). To restart it: ..."
[[nodiscard]] std::string already_running_text(const config::Config& config, pid_t holder);

/// The supervisor's, of its folder. Throws Error, already_running_text(), where another has it.
[[nodiscard]] process::LockFile take_lock(const Home& home, const config::Config& config);

/// Makes the folders. Throws Error that names the folder.
void prepare(const Home& home);

/// Holds the named pipes of an earlier run open, so that what stands in them outlives their last
/// writer until somebody reads it.
[[nodiscard]] std::vector<UniqueFd> hold_pipes(const Home& home);

using IsKept = std::function<bool(const RecordedInstance&)>;

/// What an earlier supervisor of this home has left: instances that live, and those that had ended
/// well. Of them only those that `is_kept` are kept; every other process of that supervisor is
/// ended, as by end_stale_instances. Only for the holder of the lock. Throws likewise.
[[nodiscard]] std::vector<RecordedInstance> take_stock(const Home& home, const IsKept& is_kept);
/// Whether the plan names it.
[[nodiscard]] IsKept is_named_in(const Plan& plan);

/// Ends every process that an earlier supervisor of this home has left: those that state.json
/// records (pid + start time + boot id), by their stop signal and in reverse order of their ranks,
/// then whatever else their cgroups and marks show. Removes groups, sockets and the state file.
/// Only for the holder of the lock. Returns how many instances were found alive.
/// Throws Error when a process cannot be ended.
int end_stale_instances(const Home& home);

/// Removes sockets, state file and empty groups: after an end in order.
void clean(const Home& home);

}  // namespace daemonz::supervisor
