// Starts a program as a child of this process: one small function of our own over fork/clone, exec
// and a CLOEXEC pipe that carries errno back. Not a shell, not a supervisor. Follows supervisor.md,
// "Mechanisms". Sources: fork(2), clone(2), execve(2), close_range(2), pidfd_open(2).
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "process/child.h"

namespace daemonz::process {

/// What to start. Every descriptor is a loan: launch() duplicates it into the child.
struct LaunchOptions {
  std::vector<std::string> argv;  ///< argv[0] without a slash is looked up in this process's PATH
  std::optional<std::map<std::string, std::string>> env;  ///< nullopt: this process's environment
  std::string working_folder;                             ///< empty: as here
  int stdin_fd = -1;                                      ///< -1: /dev/null
  int stdout_fd = -1;                                     ///< -1: as here
  int stderr_fd = -1;                                     ///< -1: as here
  std::vector<std::pair<int, int>>
      descriptors;                ///< further (here, there) pairs; all others are closed
  bool is_session_leader = true;  ///< setsid: the whole tree can be signalled as a group
  std::vector<std::pair<int, rlimit>> limits;  ///< RLIMIT_* -> value
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  std::vector<gid_t> groups;  ///< supplementary groups; set (also when empty) where gid is
  std::optional<mode_t> umask;
  std::optional<int> nice;
  std::optional<int> oom_score_adj;
  /// Folder of a cgroup v2 group to be born in; empty: none. Make it anew after cgroup.kill: Linux
  /// 6.18 kills at once what is born into a group that was ever killed.
  std::string cgroup;
  int parent_death_signal = 0;  ///< only from the main thread (prctl(2): per thread)
};

/// This process's environment: to be changed, and given as LaunchOptions::env.
[[nodiscard]] std::map<std::string, std::string> own_environment();

/// The file that `program` means: itself where it has a slash, else the first executable file of
/// that name in PATH. nullopt: not found.
[[nodiscard]] std::optional<std::string> find_program(const std::string& program);

/// Returns when execve has succeeded in the child. Throws Error that names the program, the step
/// that failed and errno; no child is left then. Threads: any (see parent_death_signal).
/// The child has default signal handlers, an empty mask, and no descriptor that was not named.
[[nodiscard]] Child launch(const LaunchOptions& options);

}  // namespace daemonz::process
