// A group of processes that nobody can leave by forking: cgroup v2, for supervision only (who is
// in it, kill all). Not for limits: sandbox/ has its own. Works on the v2 mount of a hybrid machine
// too, where v2 has no controllers. Source: cgroups(7), Documentation/admin-guide/cgroup-v2.rst.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace daemonz::process {

/// The folder of the v2 group that this process is in, below the v2 mount; nullopt: no v2 mount, or
/// this user may not make groups there.
[[nodiscard]] std::optional<std::string> own_cgroup();

/// Makes the folder anew and empty, with its parents where they are missing. Only below
/// own_cgroup(): elsewhere it would be an ordinary folder. False: not allowed, or populated.
[[nodiscard]] bool create_cgroup(const std::string& folder);

/// SIGKILL for all processes in it and in the groups below, in one step (cgroup.kill, Linux 5.14;
/// older: one by one until none is left, or for a second). False: there is no such group.
bool kill_cgroup(const std::string& folder);

/// True while a process (zombies do not count) is in it or below. A missing group is not populated.
[[nodiscard]] bool is_populated(const std::string& folder);

/// Waits for the fact that nobody is in it. False: still populated at `deadline`.
[[nodiscard]] bool wait_until_empty(const std::string& folder, SteadyTime deadline);

/// The pids in it and in the groups below.
[[nodiscard]] std::vector<pid_t> processes_in(const std::string& folder);

/// Whether it is there, and no group is below it.
[[nodiscard]] bool is_leaf(const std::string& folder);

/// Removes it and the groups below. False: populated, or not ours. A missing group: true.
bool remove_cgroup(const std::string& folder);

}  // namespace daemonz::process
