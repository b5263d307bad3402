#include "process/identity.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <thread>

#include "base/units.h"

namespace daemonz::process {
namespace {

// A whole small /proc file; empty: gone or not readable.
std::string read_proc(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char buffer[1024];
  const auto size = fd.is_open() ? ::read(fd.get(), buffer, sizeof buffer) : -1;
  return size > 0 ? std::string(buffer, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

std::optional<ProcessStat> stat_of(pid_t pid) {
  const auto text = read_proc("/proc/" + std::to_string(pid) + "/stat");
  // The name in parentheses may hold blanks and parentheses itself: the last ')' ends it.
  const auto end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) return {};
  ProcessStat stat;
  stat.pid = pid;
  // By their numbers in proc_pid_stat(5): state is 3, the first behind the name.
  constexpr std::size_t first = 4, last = 24;
  std::array<long long, last + 1> field{};
  const char* at = text.c_str() + std::min(end_of_name + 2, text.size());
  if (*at != '\0') stat.state = *at++;
  for (auto i = first; i <= last; ++i) {
    char* end = nullptr;
    field[i] = std::strtoll(at, &end, 10);
    if (end == at) return {};
    at = end;
  }
  stat.parent = static_cast<pid_t>(field[4]);
  stat.group = static_cast<pid_t>(field[5]);
  stat.session = static_cast<pid_t>(field[6]);
  stat.user_ticks = static_cast<std::uint64_t>(field[14]);
  stat.system_ticks = static_cast<std::uint64_t>(field[15]);
  stat.threads = static_cast<int>(field[20]);
  stat.start_ticks = static_cast<std::uint64_t>(field[22]);
  const auto resident_pages = field[24];
  stat.resident_bytes = static_cast<std::uint64_t>(resident_pages > 0 ? resident_pages : 0) *
                        static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return stat;
}

std::vector<std::optional<ProcessStat>> stats_of(std::span<const pid_t> pids) {
  constexpr std::size_t many = 64;  // what a thread costs
  std::vector<std::optional<ProcessStat>> found(pids.size());
  const auto read = [&](std::size_t from, std::size_t end) {
    for (auto i = from; i < end; ++i)
      if (pids[i] > 0) found[i] = stat_of(pids[i]);
  };
  const auto half = pids.size() / 2;
  std::thread second;
  try {
    if (pids.size() >= many) second = std::thread(read, half, pids.size());
  } catch (const std::system_error&) {  // no more threads: alone, then
  }
  read(0, second.joinable() ? half : pids.size());
  if (second.joinable()) second.join();
  return found;
}

std::vector<ProcessStat> all_processes() {
  std::vector<ProcessStat> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), ::closedir);
  while (const auto* entry = folder ? ::readdir(folder.get()) : nullptr) {
    const int pid = std::atoi(entry->d_name);
    if (pid <= 0) continue;
    if (const auto stat = stat_of(pid)) found.push_back(*stat);
  }
  return found;
}

const std::string& boot_id() {
  static const std::string id = read_proc("/proc/sys/kernel/random/boot_id").substr(0, 36);
  return id;
}

std::optional<Identity> identity_of(pid_t pid) {
  const auto stat = stat_of(pid);
  if (!stat) return {};
  return Identity{.pid = pid, .start_ticks = stat->start_ticks, .boot_id = boot_id()};
}

bool is_running(const Identity& identity) {
  if (identity.pid <= 0 || identity.boot_id != boot_id()) return false;
  const auto stat = stat_of(identity.pid);
  return stat && stat->start_ticks == identity.start_ticks && stat->is_alive();
}

UniqueFd open_pidfd(const Identity& identity) {
  if (identity.pid <= 0) return {};
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, identity.pid, 0)));
  // Looked at after the descriptor is held: from here on the pid cannot become another process.
  if (!is_running(identity)) return {};
  return pidfd;
}

bool wait_for_end(const Identity& identity, SteadyTime deadline) {
  const auto pidfd = open_pidfd(identity);
  if (!pidfd.is_open()) return true;
  constexpr std::int64_t a_day_ms = 86'400'000;
  for (;;) {
    const auto left = std::chrono::ceil<Milliseconds>(deadline - real_clock().steady()).count();
    pollfd ended{pidfd.get(), POLLIN, 0};
    const int count =
        ::poll(&ended, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, a_day_ms)));
    if (count > 0) return true;
    if (left <= 0) return false;
  }
}

}  // namespace daemonz::process
