// The pid files of a program that daemonizes itself: which process they name, whether it is the one
// that was started, and what an earlier run has left. Not the supervision of it: main_search.h and
// supervised.h. Follows supervisor.md, `pids` and `kill_patterns`.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/daemon.h"
#include "process/tree.h"
#include "supervisor/plan.h"

namespace daemonz::supervisor {

struct NamedPid {
  std::string file;
  pid_t pid = 0;
};

inline constexpr int pid_files_max = 1000;  ///< of one glob: a wrong one must not read a whole disk

/// What the files that match `globs` (glob(7)) hold, by name. What is no file with a number in it
/// is left out.
[[nodiscard]] std::vector<NamedPid> read_pid_files(const std::vector<std::string>& globs);

/// The first process that a pid file names, that belongs to `tree`, and that is a child of this
/// process by now: its end can be waited for. nullopt: there is none (yet).
[[nodiscard]] std::optional<process::Identity> find_main(const config::Daemon& daemon,
                                                         const process::TreeMark& tree);

/// Removes the files whose process has ended: programs refuse to start over one.
void remove_stale_pid_files(const config::Daemon& daemon);

/// All patterns stand in the command line, whose arguments are joined by blanks.
[[nodiscard]] bool matches(std::string_view command_line, const std::vector<std::string>& patterns);

/// What an earlier run of `daemon` has left: living processes that a pid file names, that run as
/// this user, and whose command line holds every kill pattern. `ours` are left out.
[[nodiscard]] std::vector<process::Identity> stale_processes(
    const config::Daemon& daemon, const std::vector<process::Identity>& ours);

/// Ends those of all instances and their descendants: the stop signal, the stop timeout, SIGKILL.
/// What carries a token of this installation is not stale. Returns how many there were. Blocks: for
/// before the loop runs. Throws Error for one that does not die.
int end_stale_processes(const Plan& plan, const std::string& token_prefix);

}  // namespace daemonz::supervisor
