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

/// From the start of a file of the kernel that stays open.
std::uint64_t must_read_again(const UniqueFd& file) {
  char text[32];
  const auto size = ::pread(file.get(), text, sizeof text, 0);
  if (size < 0) throw_errno("read cgroup");
  return number_in({text, static_cast<std::size_t>(size)});
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

RunGroup::Folder make_folder(int parent, Kind kind, const std::string& name) {
  if (::mkdirat(parent, name.c_str(), 0755) != 0) throw_errno("cgroup");
  RunGroup::Folder folder{.parent = parent, .name = name, .kind = kind};
  folder.fd.reset(::openat(parent, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  // "tasks" takes a single thread that moves itself without the kernel's global lock (v1).
  const char* file = kind == Kind::unified ? "cgroup.procs" : "tasks";
  folder.join_file.reset(::openat(folder.fd.get(), file, O_WRONLY | O_CLOEXEC));
  if (folder.join_file.is_open()) return folder;
  const int error = errno;
  ::unlinkat(parent, name.c_str(), AT_REMOVEDIR);
  throw_errno("cgroup", {}, {}, error);
}

void remove_folder(RunGroup::Folder& folder, std::vector<BusyFolder>& busy) {
  for (auto* fd : {&folder.fd, &folder.join_file, &folder.figure, &folder.members}) fd->reset();
  if (::unlinkat(folder.parent, folder.name.c_str(), AT_REMOVEDIR) != 0 && errno == EBUSY)
    busy.push_back({.parent = folder.parent, .name = folder.name});
}

bool is_lent(Kind kind) { return kind == Kind::cpu || kind == Kind::processes; }

/// A group of processes that held two at a time, or that the kernel has not yet taken the last one
/// out of, would show the next run's peak too high.
bool is_as_good_as_new(const RunGroup::Folder& folder) {
  if (folder.kind == Kind::cpu) return true;
  return folder.figure.is_open() && must_read_again(folder.figure) <= 1 &&
         must_read_again(folder.members) == 0;
}

void limit_lent(RunGroup::Folder& folder, std::uint32_t processes) {
  if (folder.kind == Kind::cpu) {
    if (::pwrite(folder.figure.get(), "0", 1, 0) != 1) throw_errno("cpuacct.usage");
  } else if (folder.processes_max != processes) {
    write_file(folder.fd.get(), "pids.max", std::to_string(processes), "pids.max");
    folder.processes_max = processes;
  }
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
      usage.cpu = Microseconds(must_read_again(folder.figure) / 1000);
      break;
    case Kind::processes:
      usage.processes_peak = folder.figure.is_open()
                                 ? static_cast<std::uint32_t>(must_read_again(folder.figure))
                                 : read_processes(folder.fd.get());
      break;
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

RunGroup::RunGroup(std::vector<BusyFolder>& busy) : busy_(&busy) {}

RunGroup::~RunGroup() {
  for (auto& folder : own_) remove_folder(folder, *busy_);
}

void RunGroup::limit(const Limits& limits) {
  const auto memory = std::to_string(limits.memory.count);
  const auto processes = std::min(limits.processes, processes_max);
  for (auto* folder : lent_) limit_lent(*folder, processes);
  for (const auto& folder : own_) {
    const int fd = folder.fd.get();
    if (folder.kind == Kind::memory) {
      write_file(fd, "memory.limit_in_bytes", memory, "memory.limit_in_bytes");
      // Absent without swap accounting: what is swapped out is counted nowhere, so nothing is.
      if (!write_if_present(fd, "memory.memsw.limit_in_bytes", memory))
        write_file(fd, "memory.swappiness", "0", "memory.swappiness");
    } else {
      write_file(fd, "memory.max", memory, "memory.max");
      write_if_present(fd, "memory.swap.max", "0");
      write_file(fd, "pids.max", std::to_string(processes), "pids.max");
    }
  }
}

std::vector<int> RunGroup::join_files() const {
  std::vector<int> files;
  for (const auto& folder : own_) files.push_back(folder.join_file.get());
  for (const auto* folder : lent_) files.push_back(folder->join_file.get());
  return files;
}

GroupUsage RunGroup::usage() const {
  GroupUsage usage;
  for (const auto& folder : own_)
    folder.kind == Kind::unified ? read_v2(folder, usage) : read_v1(folder, usage);
  for (const auto* folder : lent_) read_v1(*folder, usage);
  return usage;
}

void RunGroup::kill() const noexcept {
  for (const auto& folder : own_) {
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
  for (const auto& place : places_)
    if (place.lent) remove_folder(*place.lent, *busy_);
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
  const auto name = std::string(group_name_prefix) + std::to_string(::getpid()) + "." +
                    std::to_string(++created_);
  RunGroup group(*busy_);
  for (auto& place : places_) {
    if (is_lent(place.kind))
      group.lent_.push_back(&lend(place, name));
    else
      group.own_.push_back(make_folder(place.fd.get(), place.kind, name));
  }
  return group;
}

RunGroup::Folder& GroupRoot::lend(Place& place, const std::string& name) {
  if (place.lent && !is_as_good_as_new(*place.lent)) {
    remove_folder(*place.lent, *busy_);
    place.lent.reset();
  }
  if (place.lent) return *place.lent;
  auto folder = std::make_unique<RunGroup::Folder>(make_folder(place.fd.get(), place.kind, name));
  const auto open_file = [&](const char* file, int flags) {
    return UniqueFd(::openat(folder->fd.get(), file, flags | O_CLOEXEC));
  };
  if (place.kind == Kind::cpu) {
    folder->figure = open_file("cpuacct.usage", O_RDWR);
  } else {
    folder->figure = open_file("pids.peak", O_RDONLY);
    folder->members = open_file("pids.current", O_RDONLY);
  }
  place.lent = std::move(folder);
  return *place.lent;
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
