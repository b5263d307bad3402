// GroupRoot::find: what the kernel's texts promise is tried out, by a process that joins a group.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/error.h"
#include "sandbox/group.h"
#include "sandbox/group_layout.h"
#include "sandbox/system.h"

namespace daemonz::sandbox {
namespace {

using Kind = RunGroup::Folder::Kind;

std::string text_of(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::vector<Hierarchy> hierarchies(std::string_view controller) {
  return find_hierarchies(controller, text_of("/proc/self/cgroup"),
                          text_of("/proc/self/mountinfo"));
}

bool is_present(int folder, const char* file) { return ::faccessat(folder, file, F_OK, 0) == 0; }

UniqueFd open_folder(const std::string& path) {
  return UniqueFd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/// What makes a group one that a run can be limited by.
std::vector<const char*> files_needed(Kind kind) {
  switch (kind) {
    case Kind::memory: return {"memory.limit_in_bytes", "memory.oom_control"};
    case Kind::cpu: return {"cpuacct.usage"};
    case Kind::processes: return {"pids.max"};
    case Kind::unified: return {"memory.max", "memory.events", "pids.max", "cpu.stat"};
  }
  return {};
}

/// True if a process of ours can join: in v2 it must be allowed to leave its own group, too.
bool is_joinable(int group, Kind kind) {
  const auto child = ::fork();
  if (child < 0) return false;
  if (child == 0) {  // only system calls: the caller may have threads (a test)
    const int file =
        ::openat(group, kind == Kind::unified ? "cgroup.procs" : "tasks", O_WRONLY | O_CLOEXEC);
    ::_exit(file >= 0 && ::write(file, "0", 1) == 1 ? 0 : 1);
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

/// Makes a group in here, and removes it. What was refused; empty: nothing.
std::string find_obstacle(int folder, Kind kind, const std::string& path) {
  // Named as a run's is: what a crash leaves of it is removed as stale.
  const auto name = std::string(group_name_prefix) + std::to_string(::getpid()) + ".0";
  if (::mkdirat(folder, name.c_str(), 0755) != 0 && errno != EEXIST)
    return "no group may be made in " + path + " (" + error_text(errno) + ")";
  std::string obstacle;
  {
    const UniqueFd group(::openat(folder, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    for (const char* file : files_needed(kind))
      if (obstacle.empty() && !is_present(group.get(), file))
        obstacle = path + " hands no " + file + " down";
    if (obstacle.empty() && !is_joinable(group.get(), kind))
      obstacle = "no process of ours may join a group in " + path;
  }
  // The last to leave may still be on its way out: then remove_stale() of the next keeper has it.
  ::unlinkat(folder, name.c_str(), AT_REMOVEDIR);
  return obstacle;
}

/// v2: memory and pids for the groups made in here, if they are not there yet. The kernel refuses
/// it to a group that has members of its own, and where the one above does not hand them down.
void ask_for_controllers(int folder) {
  const auto handed = " " + read_small_file(folder, "cgroup.subtree_control").value_or("");
  // Both in one write: pids alone, a threaded controller, is given to a group with members as well,
  // and from then on no process can enter any group below it.
  std::string wanted;
  for (const std::string word : {"memory", "pids"})
    if (handed.find(" " + word) == std::string::npos) wanted += " +" + word;
  const UniqueFd control(::openat(folder, "cgroup.subtree_control", O_WRONLY | O_CLOEXEC));
  if (wanted.empty() || !control.is_open()) return;
  if (::write(control.get(), wanted.data(), wanted.size()) < 0) return;  // it shows in the group
}

Error not_here(const char* mode, std::string reason) {
  return Error(ErrorText{.what = mode, .hint = std::move(reason), .code = ENOTSUP});
}

}  // namespace

GroupRoot GroupRoot::find(LimitMode mode) {
  if (mode == LimitMode::rlimit) return GroupRoot(LimitMode::rlimit, {});
  if (mode == LimitMode::v2) return find_v2();
  if (mode == LimitMode::v1) return find_v1();
  for (auto* const find_one : {find_v2, find_v1}) {
    try {
      return find_one();
    } catch (const Error&) {
      continue;  // `automatic` takes what there is
    }
  }
  return GroupRoot(LimitMode::rlimit, {});
}

GroupRoot GroupRoot::find_v2() {
  std::string first_obstacle;
  // A group with members of its own hands no controllers down, so a delegated keeper makes groups
  // beside its own; without delegation root finds a place above.
  for (const auto& hierarchy : hierarchies("")) {
    for (const auto& path : places_for_runs(hierarchy)) {
      auto folder = open_folder(path);
      if (!folder.is_open()) continue;
      ask_for_controllers(folder.get());
      auto obstacle = find_obstacle(folder.get(), Kind::unified, path);
      if (obstacle.empty()) {
        GroupRoot root(LimitMode::v2, {});
        root.places_.push_back({.fd = std::move(folder), .kind = Kind::unified});
        return root;
      }
      if (first_obstacle.empty()) first_obstacle = std::move(obstacle);
    }
  }
  throw not_here("cgroup v2", first_obstacle.empty() ? "no cgroup2 is mounted that shows our group"
                                                     : first_obstacle + ", nor above it");
}

GroupRoot GroupRoot::find_v1() {
  GroupRoot root(LimitMode::v1, {});
  const std::pair<const char*, Kind> controllers[] = {
      {"memory", Kind::memory}, {"cpuacct", Kind::cpu}, {"pids", Kind::processes}};
  for (const auto& [controller, kind] : controllers) {
    std::string obstacle = std::string(controller) + " is not mounted";
    for (const auto& [top, own] : hierarchies(controller)) {
      auto folder = open_folder(own);
      if (!folder.is_open()) continue;
      obstacle = find_obstacle(folder.get(), kind, own);
      if (!obstacle.empty()) continue;
      root.places_.push_back({.fd = std::move(folder), .kind = kind});
      break;
    }
    if (!obstacle.empty()) throw not_here("cgroup v1", obstacle);
  }
  return root;
}

}  // namespace daemonz::sandbox
