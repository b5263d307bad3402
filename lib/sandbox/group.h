// The control groups of one run: what limits and measures it. Never reused: after cgroup.kill every
// later member would die at birth, and peaks could not be told apart. Follows sandbox.md, point 8.
// Sources: cgroups(7), the kernel's admin-guide/cgroup-v1/memory.rst and admin-guide/cgroup-v2.rst.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "sandbox/run.h"

namespace daemonz::sandbox {

/// What the group has seen so far, or in the end.
struct GroupUsage {
  Microseconds cpu{0}, user{0}, system{0};
  std::uint64_t memory_peak = 0;  ///< bytes; 0: this kernel does not tell
  std::uint64_t oom_kills = 0;
  std::uint32_t processes_peak = 0;  ///< 0: this kernel does not tell
};

/// The groups of one run. In mode rlimit there are none, and every verb does nothing.
/// Owns the folders; the destructor removes them. Threads: one.
/// After a crash of the keeper empty folders stay; the next keeper removes them.
class RunGroup {
 public:
  struct Folder {
    int parent = -1;  ///< a loan of GroupRoot's descriptor
    UniqueFd fd;
    enum class Kind { memory, cpu, processes, unified } kind = Kind::unified;
  };
  RunGroup(std::string name, std::vector<Folder> folders);
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
  void read_v1(const Folder& folder, GroupUsage& usage) const;
  void read_v2(const Folder& folder, GroupUsage& usage) const;

  std::string name_;
  std::vector<Folder> folders_;
  std::vector<UniqueFd> join_files_;
};

/// Where this keeper may make groups; found once, before it leaves the host's file system.
/// The keeper itself stays outside of them. Threads: one.
class GroupRoot {
 public:
  /// Throws Error when `mode` is not to be had here. `automatic` takes the first of v2, v1, rlimit
  /// that works.
  [[nodiscard]] static GroupRoot find(LimitMode mode);
  [[nodiscard]] LimitMode mode() const noexcept { return mode_; }
  /// A fresh group with these limits. Throws Error.
  [[nodiscard]] RunGroup create(const Limits& limits);
  /// Removes empty groups that keepers of the past have left.
  void remove_stale() const noexcept;

 private:
  struct Place {
    UniqueFd fd;
    RunGroup::Folder::Kind kind;
  };
  GroupRoot(LimitMode mode, std::vector<Place> places);
  static GroupRoot find_v2();
  static GroupRoot find_v1();

  LimitMode mode_;
  std::vector<Place> places_;
  std::uint64_t created_ = 0;
};

}  // namespace daemonz::sandbox
