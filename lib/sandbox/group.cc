#include "sandbox/group.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "sandbox/system.h"

namespace daemonz::sandbox {
namespace {

using Kind = RunGroup::Folder::Kind;
constexpr std::string_view name_prefix = "daemonz-run.";
constexpr std::uint32_t processes_max = 4'194'304;  // PID_MAX_LIMIT: the kernel refuses more

std::uint64_t number_in(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The number behind "key " at the start of a line of `text`.
std::uint64_t number_after(std::string_view text, std::string_view key) {
  for (std::size_t start = 0; start < text.size();) {
    const auto end = std::min(text.find('\n', start), text.size());
    const auto line = text.substr(start, end - start);
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ')
      return number_in(line.substr(key.size() + 1));
    start = end + 1;
  }
  return 0;
}

std::string must_read(int folder, const char* file) {
  auto text = read_small_file(folder, file);
  if (!text) throw_errno(std::string("read ") + file);
  return *text;
}

bool is_present(int folder, const char* file) { return ::faccessat(folder, file, F_OK, 0) == 0; }

struct Hierarchy {
  std::string top;  ///< where it is mounted; empty: it is not
  std::string own;  ///< the folder of this process's group
};

/// The hierarchy of one controller ("" is v2's). proc_pid_mountinfo(5), cgroups(7)
/// "/proc/[pid]/cgroup".
Hierarchy find_hierarchy(const std::string& controller) {
  const auto has = [](const std::string& list, const std::string& word) {
    return ("," + list + ",").find("," + word + ",") != std::string::npos;
  };
  std::string group, line;
  for (std::ifstream groups("/proc/self/cgroup"); std::getline(groups, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    const auto list = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? list.empty() : has(list, controller)) group = line.substr(second + 1);
  }
  for (std::ifstream mounts("/proc/self/mountinfo"); std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string skip, root, point, word, type, source, options;
    fields >> skip >> skip >> skip >> root >> point;
    while (fields >> word && word != "-") {
    }
    fields >> type >> source >> options;
    const bool is_it =
        controller.empty() ? type == "cgroup2" : type == "cgroup" && has(options, controller);
    if (!is_it || group.empty()) continue;
    if (root != "/" && group.starts_with(root)) group.erase(0, root.size());
    return {.top = point, .own = group == "/" ? point : point + group};
  }
  return {};
}

UniqueFd open_folder(const std::string& path) {
  return UniqueFd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/// True if a group can be made (and removed) in here.
bool is_usable(int folder) {
  const auto name = std::string(name_prefix) + std::to_string(::getpid()) + ".probe";
  if (::mkdirat(folder, name.c_str(), 0755) != 0) return false;
  return ::unlinkat(folder, name.c_str(), AT_REMOVEDIR) == 0;
}

/// v2: hands memory, pids and cpu down to the groups made in here, if that is possible.
bool has_controllers(int folder) {
  const UniqueFd control(::openat(folder, "cgroup.subtree_control", O_WRONLY | O_CLOEXEC));
  for (const std::string_view word : {"+memory", "+pids", "+cpu"})
    if (control.is_open() && ::write(control.get(), word.data(), word.size()) < 0) continue;
  const auto handed = read_small_file(folder, "cgroup.subtree_control").value_or("");
  return handed.find("memory") != std::string::npos && handed.find("pids") != std::string::npos;
}

}  // namespace

RunGroup::RunGroup(std::string name, std::vector<Folder> folders)
    : name_(std::move(name)), folders_(std::move(folders)) {}

RunGroup::~RunGroup() {
  join_files_.clear();
  for (auto& folder : folders_) {
    folder.fd.reset();
    ::unlinkat(folder.parent, name_.c_str(), AT_REMOVEDIR);
  }
}

void RunGroup::limit(const Limits& limits) {
  const auto memory = std::to_string(limits.memory.count);
  const auto processes = std::to_string(std::min(limits.processes, processes_max));
  for (const auto& folder : folders_) {
    const int fd = folder.fd.get();
    switch (folder.kind) {
      case Kind::memory:
        write_file(fd, "memory.limit_in_bytes", memory, "memory.limit_in_bytes");
        // Absent without swap accounting: then swap is not charged to groups at all.
        if (is_present(fd, "memory.memsw.limit_in_bytes"))
          write_file(fd, "memory.memsw.limit_in_bytes", memory, "memory.memsw.limit_in_bytes");
        break;
      case Kind::processes: write_file(fd, "pids.max", processes, "pids.max"); break;
      case Kind::unified:
        write_file(fd, "memory.max", memory, "memory.max");
        if (is_present(fd, "memory.swap.max"))
          write_file(fd, "memory.swap.max", "0", "memory.swap.max");
        write_file(fd, "pids.max", processes, "pids.max");
        break;
      case Kind::cpu: break;
    }
    // "tasks" takes a single thread that moves itself without the kernel's global lock (v1).
    const char* file = folder.kind == Kind::unified ? "cgroup.procs" : "tasks";
    join_files_.emplace_back(::openat(fd, file, O_WRONLY | O_CLOEXEC));
    if (!join_files_.back().is_open()) throw_errno(file);
  }
}

std::vector<int> RunGroup::join_files() const {
  std::vector<int> files;
  for (const auto& file : join_files_) files.push_back(file.get());
  return files;
}

GroupUsage RunGroup::usage() const {
  GroupUsage usage;
  for (const auto& folder : folders_)
    folder.kind == Kind::unified ? read_v2(folder, usage) : read_v1(folder, usage);
  return usage;
}

void RunGroup::read_v1(const Folder& folder, GroupUsage& usage) const {
  const auto microseconds = [&](const char* file) {
    return Microseconds(number_in(must_read(folder.fd.get(), file)) / 1000);
  };
  switch (folder.kind) {
    case Kind::memory:
      usage.memory_peak = number_in(must_read(folder.fd.get(), "memory.max_usage_in_bytes"));
      // failcnt counts refused charges that were then reclaimed: it lies. oom_kill counts kills.
      usage.oom_kills = number_after(must_read(folder.fd.get(), "memory.oom_control"), "oom_kill");
      break;
    case Kind::cpu:
      usage.cpu = microseconds("cpuacct.usage");
      usage.user = microseconds("cpuacct.usage_user");
      usage.system = microseconds("cpuacct.usage_sys");
      break;
    case Kind::processes:
      if (const auto peak = read_small_file(folder.fd.get(), "pids.peak"))
        usage.processes_peak = static_cast<std::uint32_t>(number_in(*peak));
      break;
    case Kind::unified: break;
  }
}

void RunGroup::read_v2(const Folder& folder, GroupUsage& usage) const {
  const int fd = folder.fd.get();
  const auto cpu = must_read(fd, "cpu.stat");
  usage.cpu = Microseconds(number_after(cpu, "usage_usec"));
  usage.user = Microseconds(number_after(cpu, "user_usec"));
  usage.system = Microseconds(number_after(cpu, "system_usec"));
  usage.oom_kills = number_after(must_read(fd, "memory.events"), "oom_kill");
  if (const auto peak = read_small_file(fd, "memory.peak")) usage.memory_peak = number_in(*peak);
  if (const auto peak = read_small_file(fd, "pids.peak"))
    usage.processes_peak = static_cast<std::uint32_t>(number_in(*peak));
}

void RunGroup::kill() const noexcept {
  for (const auto& folder : folders_) {
    if (folder.kind != Kind::unified) continue;
    const UniqueFd file(::openat(folder.fd.get(), "cgroup.kill", O_WRONLY | O_CLOEXEC));
    if (file.is_open() && ::write(file.get(), "1", 1) < 0) continue;  // the pid namespace is there
  }
}

GroupRoot::GroupRoot(LimitMode mode, std::vector<Place> places)
    : mode_(mode), places_(std::move(places)) {}

GroupRoot GroupRoot::find(LimitMode mode) {
  const auto not_here = [](const char* what) {
    return Error(ErrorText{.what = what, .code = ENOTSUP});
  };
  if (mode == LimitMode::v2 || mode == LimitMode::automatic) {
    auto root = find_v2();
    if (!root.places_.empty()) return root;
    if (mode == LimitMode::v2) throw not_here("cgroup v2");
  }
  if (mode == LimitMode::v1 || mode == LimitMode::automatic) {
    auto root = find_v1();
    if (!root.places_.empty()) return root;
    if (mode == LimitMode::v1) throw not_here("cgroup v1");
  }
  return GroupRoot(LimitMode::rlimit, {});
}

GroupRoot GroupRoot::find_v2() {
  GroupRoot root(LimitMode::v2, {});
  const auto [top, own] = find_hierarchy("");
  if (own.empty()) return root;
  // A group with members of its own hands no controllers down, so a delegated keeper makes groups
  // beside its own; without delegation (and as root) the place is the top of the hierarchy.
  const auto parent = std::filesystem::path(own).parent_path().string();
  for (const auto& path : {own, parent, top}) {
    auto folder = open_folder(path);
    if (!folder.is_open() || !is_present(folder.get(), "cgroup.subtree_control")) continue;
    if (!has_controllers(folder.get()) || !is_usable(folder.get())) continue;
    root.places_.push_back({.fd = std::move(folder), .kind = Kind::unified});
    return root;
  }
  return root;
}

GroupRoot GroupRoot::find_v1() {
  GroupRoot root(LimitMode::v1, {});
  const std::pair<const char*, Kind> controllers[] = {
      {"memory", Kind::memory}, {"cpuacct", Kind::cpu}, {"pids", Kind::processes}};
  for (const auto& [controller, kind] : controllers) {
    const auto path = find_hierarchy(controller).own;
    auto folder = path.empty() ? UniqueFd() : open_folder(path);
    if (!folder.is_open() || !is_usable(folder.get())) return GroupRoot(LimitMode::v1, {});
    root.places_.push_back({.fd = std::move(folder), .kind = kind});
  }
  return root;
}

RunGroup GroupRoot::create(const Limits& limits) {
  auto name =
      std::string(name_prefix) + std::to_string(::getpid()) + "." + std::to_string(++created_);
  RunGroup group(std::move(name), {});
  for (const auto& place : places_) {
    if (::mkdirat(place.fd.get(), group.name_.c_str(), 0755) != 0) throw_errno("cgroup");
    group.folders_.push_back({.parent = place.fd.get(), .fd = {}, .kind = place.kind});
    auto& fd = group.folders_.back().fd;
    fd.reset(::openat(place.fd.get(), group.name_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd.is_open()) throw_errno("cgroup");
  }
  group.limit(limits);
  return group;
}

void GroupRoot::remove_stale() const noexcept {
  for (const auto& place : places_) {
    std::error_code ignored;
    const auto folder = "/proc/self/fd/" + std::to_string(place.fd.get());
    for (const auto& entry : std::filesystem::directory_iterator(folder + "/.", ignored)) {
      const auto name = entry.path().filename().string();
      if (!name.starts_with(name_prefix)) continue;
      const auto owner = number_in(std::string_view(name).substr(name_prefix.size()));
      const bool is_gone = ::kill(static_cast<pid_t>(owner), 0) != 0 && errno == ESRCH;
      // rmdir refuses a group that still has members.
      if (is_gone) ::unlinkat(place.fd.get(), name.c_str(), AT_REMOVEDIR);
    }
  }
}

}  // namespace daemonz::sandbox
