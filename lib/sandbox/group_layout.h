// Where control groups are mounted and which one this process is in, from the kernel's two texts.
// Pure: opens nothing, and says nothing of what may be done there (group_find.cc tries that out).
// Sources: proc_pid_mountinfo(5), cgroups(7) "/proc/[pid]/cgroup".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace daemonz::sandbox {

/// One mount in which this process's own group can be reached.
struct Hierarchy {
  std::string top;  ///< where it is mounted: the root of all groups, or of those in sight here
  std::string own;  ///< the folder of this process's group: `top` or below it
};

/// Those of one controller; "" is v2's. In the order of mountinfo. `groups` is /proc/self/cgroup,
/// `mounts` /proc/self/mountinfo. A mount that shows another part of the tree (in a container: one
/// made outside of it) is left out.
[[nodiscard]] std::vector<Hierarchy> find_hierarchies(std::string_view controller,
                                                      const std::string& groups,
                                                      const std::string& mounts);

/// Folders in which groups for runs may be looked for, best first: the own one and those above it.
/// Without those that a supervisor of ours has made for its instances ("daemonz-..."), as it ends
/// what it does not know there; and without its own above them: once controllers are handed down
/// from that one, no process can be started in it again, as systemd does when a supervisor died.
[[nodiscard]] std::vector<std::string> places_for_runs(const Hierarchy& hierarchy);

}  // namespace daemonz::sandbox
