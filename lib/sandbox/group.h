// The control groups of one run: what limits and measures it. Never reused: after cgroup.kill every
// later member would die at birth, and peaks could not be told apart. But on v1 two groups serve
// another run where they are as good as new, since making one costs more than joining it: that of
// CPU time, whose one figure the kernel sets to 0, and that of processes, as long as it has never
// held two at a time. Follows sandbox.md, point 8.
// Sources: cgroups(7), the kernel's admin-guide/cgroup-v1/memory.rst and admin-guide/cgroup-v2.rst.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "sandbox/run.h"

namespace daemonz::sandbox {

/// What the group has seen so far, or in the end.
struct GroupUsage {
  Microseconds cpu{0}, user{0}, system{0};  ///< v1: the sum alone
  std::uint64_t memory_peak = 0;            ///< bytes; 0: this kernel does not tell
  std::uint64_t oom_kills = 0;
  bool is_oom_foreign = false;       ///< killed for memory, but never at this group's own limit
  std::uint32_t processes_peak = 0;  ///< a kernel without pids.peak: how many there are now
};

/// Folders that could not be removed at the end of their run, because the kernel had not yet taken
/// the last process out: tried again with each new group, and at the keeper's end.
struct BusyFolder {
  int parent = -1;  ///< a loan of GroupRoot's descriptor
  std::string name;
};

/// The groups of one run. In mode rlimit there are none, and every verb does nothing.
/// Owns the folders; the destructor removes them, or leaves them to its GroupRoot, which must live
/// on. Threads: one. After a crash of the keeper empty folders stay; the next keeper removes them.
class RunGroup {
 public:
  struct Folder {
    int parent = -1;  ///< a loan of GroupRoot's descriptor
    std::string name;
    enum class Kind { memory, cpu, processes, unified } kind = Kind::unified;
    UniqueFd fd, join_file;
    // Of those that GroupRoot lends:
    UniqueFd figure;                  ///< cpuacct.usage; pids.peak, where there is one
    UniqueFd members;                 ///< pids.current
    std::uint32_t processes_max = 0;  ///< what pids.max holds; 0: not written yet
  };
  explicit RunGroup(std::vector<BusyFolder>& busy);
  RunGroup(RunGroup&&) noexcept = default;
  RunGroup& operator=(RunGroup&&) = delete;
  ~RunGroup();

  /// Files of the kernel: who writes "0" to each of them has joined. Loans, close-on-exec.
  [[nodiscard]] std::vector<int> join_files() const;
  /// Throws Error when a figure that a verdict needs cannot be read.
  [[nodiscard]] GroupUsage usage() const;
  /// Ends every member at once where the kernel can (v2); else nothing: the pid namespace does it.
  void kill() const noexcept;

 private:
  friend class GroupRoot;
  void limit(const Limits& limits);

  std::vector<Folder> own_;
  std::vector<Folder*> lent_;      // GroupRoot's
  std::vector<BusyFolder>* busy_;  // GroupRoot's
};

/// Where this keeper may make groups; found once, before it leaves the host's file system.
/// The keeper itself stays outside of them. Threads: one.
class GroupRoot {
 public:
  /// Throws Error when `mode` is not to be had here: its hint says what was missing. `automatic`
  /// takes the first of v2, v1, rlimit that works: a process has joined a group made there.
  [[nodiscard]] static GroupRoot find(LimitMode mode);
  GroupRoot(GroupRoot&&) noexcept = default;
  GroupRoot& operator=(GroupRoot&&) = delete;
  ~GroupRoot();
  [[nodiscard]] LimitMode mode() const noexcept { return mode_; }
  /// A group with these limits for one run, the only one at a time: fresh, or as good as that.
  /// Throws Error.
  [[nodiscard]] RunGroup create(const Limits& limits);
  /// Makes the folders of the next fresh group now, when nobody waits. A failure is create()'s.
  void make_ahead() noexcept;
  /// Removes groups that keepers of the past have left. Before the first create().
  void remove_stale() const noexcept;

 private:
  struct Place {
    UniqueFd fd;
    RunGroup::Folder::Kind kind;
    std::unique_ptr<RunGroup::Folder> lent = {};
  };
  GroupRoot(LimitMode mode, std::vector<Place> places);
  static GroupRoot find_v2();
  static GroupRoot find_v1();
  void remove_busy() noexcept;
  [[nodiscard]] RunGroup make();
  [[nodiscard]] RunGroup::Folder& lend(Place& place, const std::string& name);

  LimitMode mode_;
  std::vector<Place> places_;
  std::unique_ptr<std::vector<BusyFolder>> busy_;  // where RunGroups find it when this is moved
  std::uint64_t created_ = 0;
  std::optional<RunGroup> ahead_;
};

/// Of every group that a keeper makes: the prefix, its pid, a dot, and a number of its own.
inline constexpr std::string_view group_name_prefix = "daemonz-run.";

}  // namespace daemonz::sandbox
