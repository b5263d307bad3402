// All processes that came from one child: children, grandchildren, those that forked twice and
// called setsid. Found by their cgroup where there is one; else by descent, session, and a mark in
// the environment that children inherit. Not bound to one supervisor: a mark that was written down
// finds the tree again later. Follows supervisor.md, "Kill the whole tree".
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "process/identity.h"

namespace daemonz::process {

/// The environment variable that carries TreeMark::token.
inline constexpr const char* tree_variable = "DAEMONZ_TREE";

/// How to find a tree. A value; may be stored. Threads: any.
///
/// Limit: without a cgroup, a process that has cleared its environment, left the session and lost
/// its parent is not found.
struct TreeMark {
  Identity leader;     ///< the child that was started; it may have ended
  std::string cgroup;  ///< folder; empty: none
  std::string token;   ///< unique text, put into the child's environment as DAEMONZ_TREE
};

/// Makes this process the parent of orphans below it, instead of init. Source: prctl(2),
/// PR_SET_CHILD_SUBREAPER. The process must reap them.
void become_subreaper();

/// A token that no other tree has: "PREFIX/16 hex digits".
[[nodiscard]] std::string new_tree_token(const std::string& prefix);

/// The living processes of the tree (no zombies), never this process or one of its ancestors.
[[nodiscard]] std::vector<Identity> processes_of(const TreeMark& mark);
/// Those whose token starts with `prefix`: the trees of an earlier run that left no record.
/// Those that carry one of the `spared` tokens are left out.
[[nodiscard]] std::vector<Identity> processes_with_token_prefix(
    const std::string& prefix, const std::vector<std::string>& spared = {});

[[nodiscard]] bool is_empty(const TreeMark& mark);

/// Sends `signal` to every process of the tree. Returns how many got it.
int signal_tree(const TreeMark& mark, int signal);

/// The process group that the leader was born into as its first member (setsid), while it exists:
/// for what is ended by group alone.
[[nodiscard]] bool is_group_empty(const Identity& leader);
void signal_group(const Identity& leader, int signal);

/// SIGKILL, again and again until the tree is empty: a process that forks while it is being looked
/// for is found in the next round. False: not empty at `deadline` (a process in an uninterruptible
/// wait). Does not reap: who is the parent does.
[[nodiscard]] bool kill_tree(const TreeMark& mark, SteadyTime deadline);

/// SIGKILL for these, once, and waits for their end. False: one still runs at `deadline`.
[[nodiscard]] bool kill_processes(const std::vector<Identity>& processes, SteadyTime deadline);

}  // namespace daemonz::process
