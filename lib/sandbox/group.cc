#include "sandbox/group.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <filesystem>

#include "base/error.h"
#include "sandbox/system.h"

namespace daemonz::sandbox {
namespace {

using Kind = RunGroup::Folder::Kind;
constexpr std::uint32_t processes_max = 4'194'304;  // PID_MAX_LIMIT: the kernel refuses more
// v1 has no count of the times that a group's own limit was met (failcnt stays 0 on Linux 6.18),
// but its peak comes that near: the kernel charges 256 KiB ahead at most.
constexpr std::uint64_t charged_ahead_max = 1U << 20;
// A group is empty an instant after its last process was reaped, at the latest when the kernel has
// switched away from it. More of them than this means that processes do not die at all.
constexpr std::size_t busy_max = 64;
constexpr int busy_rounds_max = 200;  // at the keeper's end; nobody waits for it
constexpr int busy_round_ms = 1;
constexpr std::string_view cpu_folder_name = "cpu";

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

/// The peak, or on a kernel before 6.11 how many there are now.
std::uint32_t read_processes(int folder) {
  auto text = read_small_file(folder, "pids.peak");
  if (!text) text = read_small_file(folder, "pids.current");
  return static_cast<std::uint32_t>(number_in(text.value_or("0")));
}

std::string must_read_time(const RunGroup::Folder& folder) {
  char text[32];
  const auto size = ::pread(folder.time_file.get(), text, sizeof text, 0);
  if (size < 0) throw_errno("read cpuacct.usage");
  return {text, static_cast<std::size_t>(size)};
}

std::string must_read(int folder, const char* file) {
  auto text = read_small_file(folder, file);
  if (!text) throw_errno(std::string("read ") + file);
  return *text;
}

/// False: there is no such file.
bool write_if_present(int folder, const char* file, std::string_view text) {
  const UniqueFd fd(::openat(folder, file, O_WRONLY | O_CLOEXEC));
  if (!fd.is_open() && errno == ENOENT) return false;
  if (::write(fd.get(), text.data(), text.size()) < 0) throw_errno(file);
  return true;
}

std::string name_of(std::string_view what) {
  return std::string(group_name_prefix) + std::to_string(::getpid()) + "." + std::string(what);
}

RunGroup::Folder make_folder(int parent, Kind kind, const std::string& name) {
  if (::mkdirat(parent, name.c_str(), 0755) != 0) throw_errno("cgroup");
  RunGroup::Folder folder{.parent = parent, .kind = kind};
  folder.fd.reset(::openat(parent, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  // "tasks" takes a single thread that moves itself without the kernel's global lock (v1).
  const char* file = kind == Kind::unified ? "cgroup.procs" : "tasks";
  folder.join_file.reset(::openat(folder.fd.get(), file, O_WRONLY | O_CLOEXEC));
  if (folder.join_file.is_open()) return folder;
  const int error = errno;
  ::unlinkat(parent, name.c_str(), AT_REMOVEDIR);
  throw_errno("cgroup", {}, {}, error);
}

void read_v1(const RunGroup::Folder& folder, GroupUsage& usage) {
  switch (folder.kind) {
    case Kind::memory:
      usage.memory_peak = number_in(must_read(folder.fd.get(), "memory.max_usage_in_bytes"));
      // failcnt counts refused charges that were then reclaimed: it lies. oom_kill counts kills.
      usage.oom_kills = number_after(must_read(folder.fd.get(), "memory.oom_control"), "oom_kill");
      if (usage.oom_kills > 0)
        usage.is_oom_foreign = usage.memory_peak + charged_ahead_max <
                               number_in(must_read(folder.fd.get(), "memory.limit_in_bytes"));
      break;
    case Kind::cpu:
      // Its parts stand in files of their own; two more to open cost more than rusage's are worse.
      usage.cpu = Microseconds(number_in(must_read_time(folder)) / 1000);
      break;
    case Kind::processes: usage.processes_peak = read_processes(folder.fd.get()); break;
    case Kind::unified: break;
  }
}

void read_v2(const RunGroup::Folder& folder, GroupUsage& usage) {
  const int fd = folder.fd.get();
  const auto cpu = must_read(fd, "cpu.stat");
  usage.cpu = Microseconds(number_after(cpu, "usage_usec"));
  usage.user = Microseconds(number_after(cpu, "user_usec"));
  usage.system = Microseconds(number_after(cpu, "system_usec"));
  // The group has none below it, so the local events are all events.
  const auto memory = must_read(fd, "memory.events");
  usage.oom_kills = number_after(memory, "oom_kill");
  usage.is_oom_foreign = usage.oom_kills > 0 && number_after(memory, "oom") == 0;
  if (const auto peak = read_small_file(fd, "memory.peak")) usage.memory_peak = number_in(*peak);
  usage.processes_peak = read_processes(fd);
}

}  // namespace

RunGroup::RunGroup(std::string name, const Folder* shared, std::vector<BusyFolder>& busy)
    : name_(std::move(name)), shared_(shared), busy_(&busy) {}

RunGroup::~RunGroup() {
  for (auto& folder : folders_) {
    folder.fd.reset();
    folder.join_file.reset();
    if (::unlinkat(folder.parent, name_.c_str(), AT_REMOVEDIR) != 0 && errno == EBUSY)
      busy_->push_back({.parent = folder.parent, .name = name_});
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
        // Absent without swap accounting: what is swapped out is counted nowhere, so nothing is.
        if (!write_if_present(fd, "memory.memsw.limit_in_bytes", memory))
          write_file(fd, "memory.swappiness", "0", "memory.swappiness");
        break;
      case Kind::processes: write_file(fd, "pids.max", processes, "pids.max"); break;
      case Kind::unified:
        write_file(fd, "memory.max", memory, "memory.max");
        write_if_present(fd, "memory.swap.max", "0");
        write_file(fd, "pids.max", processes, "pids.max");
        break;
      case Kind::cpu: break;
    }
  }
  if (shared_ && ::pwrite(shared_->time_file.get(), "0", 1, 0) != 1) throw_errno("cpuacct.usage");
}

std::vector<int> RunGroup::join_files() const {
  std::vector<int> files;
  for (const auto& folder : folders_) files.push_back(folder.join_file.get());
  if (shared_) files.push_back(shared_->join_file.get());
  return files;
}

GroupUsage RunGroup::usage() const {
  GroupUsage usage;
  for (const auto& folder : folders_)
    folder.kind == Kind::unified ? read_v2(folder, usage) : read_v1(folder, usage);
  if (shared_) read_v1(*shared_, usage);
  return usage;
}

void RunGroup::kill() const noexcept {
  for (const auto& folder : folders_) {
    if (folder.kind != Kind::unified) continue;
    const UniqueFd file(::openat(folder.fd.get(), "cgroup.kill", O_WRONLY | O_CLOEXEC));
    if (file.is_open() && ::write(file.get(), "1", 1) < 0) continue;  // the pid namespace is there
  }
}

GroupRoot::GroupRoot(LimitMode mode, std::vector<Place> places)
    : mode_(mode), places_(std::move(places)), busy_(std::make_unique<std::vector<BusyFolder>>()) {}

GroupRoot::~GroupRoot() {
  if (!busy_) return;  // moved from
  ahead_.reset();
  if (cpu_folder_) {
    busy_->push_back({.parent = cpu_folder_->parent, .name = name_of(cpu_folder_name)});
    cpu_folder_.reset();
  }
  for (int round = 0; round < busy_rounds_max; ++round) {
    remove_busy();
    if (busy_->empty()) return;
    ::poll(nullptr, 0, busy_round_ms);
  }
}

void GroupRoot::remove_busy() noexcept {
  std::erase_if(*busy_, [](const BusyFolder& folder) {
    return ::unlinkat(folder.parent, folder.name.c_str(), AT_REMOVEDIR) == 0 || errno != EBUSY;
  });
}

RunGroup GroupRoot::create(const Limits& limits) {
  auto group = ahead_ ? *std::move(ahead_) : make();
  ahead_.reset();
  group.limit(limits);
  return group;
}

void GroupRoot::make_ahead() noexcept {
  try {
    if (!ahead_) ahead_.emplace(make());
  } catch (const std::exception&) {
    ahead_.reset();
  }
}

RunGroup GroupRoot::make() {
  remove_busy();
  if (busy_->size() > busy_max) throw_errno("cgroups that stay busy", {}, {}, EBUSY);
  if (!cpu_folder_) share_cpu_folder();
  RunGroup group(name_of(std::to_string(++created_)), cpu_folder_.get(), *busy_);
  for (const auto& place : places_)
    if (place.kind != Kind::cpu)
      group.folders_.push_back(make_folder(place.fd.get(), place.kind, group.name_));
  return group;
}

void GroupRoot::share_cpu_folder() {
  for (const auto& place : places_) {
    if (place.kind != Kind::cpu) continue;
    cpu_folder_ = std::make_unique<RunGroup::Folder>(
        make_folder(place.fd.get(), place.kind, name_of(cpu_folder_name)));
    auto& file = cpu_folder_->time_file;
    file.reset(::openat(cpu_folder_->fd.get(), "cpuacct.usage", O_RDWR | O_CLOEXEC));
    if (!file.is_open()) throw_errno("cpuacct.usage");
  }
}

void GroupRoot::remove_stale() const noexcept {
  for (const auto& place : places_) {
    std::error_code ignored;
    const auto folder = "/proc/self/fd/" + std::to_string(place.fd.get());
    for (const auto& entry : std::filesystem::directory_iterator(folder + "/.", ignored)) {
      const auto name = entry.path().filename().string();
      if (!name.starts_with(group_name_prefix)) continue;
      const auto owner =
          static_cast<pid_t>(number_in(std::string_view(name).substr(group_name_prefix.size())));
      // Nothing here is ours yet: a group of our pid is one of an earlier process with the number.
      const bool is_gone = owner == ::getpid() || (::kill(owner, 0) != 0 && errno == ESRCH);
      // rmdir refuses a group that still has members.
      if (is_gone) ::unlinkat(place.fd.get(), name.c_str(), AT_REMOVEDIR);
    }
  }
}

}  // namespace daemonz::sandbox
