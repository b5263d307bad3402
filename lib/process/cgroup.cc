#include "process/cgroup.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/unique_fd.h"
#include "base/units.h"

namespace daemonz::process {
namespace {

namespace fs = std::filesystem;

// Old kernels, and groups of another user: one-by-one killing, and a pause between two rounds. What
// lives after all of them may not be killed by this user.
constexpr Milliseconds kill_round(5);
constexpr int kill_rounds_max = 200;
constexpr int remove_rounds_max = 200;  // a group stays busy for an instant after its last exit
constexpr int remove_round_ms = 1;

bool write_text(const std::string& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd.is_open() &&
         ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// The first cgroup2 mount, from mountinfo's "... MOUNTPOINT ... - cgroup2 ...".
std::optional<std::string> v2_mount() {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream words(line);
    std::string skipped, mount_point;
    words >> skipped >> skipped >> skipped >> skipped >> mount_point;
    return mount_point;
  }
  return {};
}

std::optional<bool> populated(int events_fd) {
  char text[256];
  const auto size = ::pread(events_fd, text, sizeof text, 0);
  if (size <= 0) return {};  // ENODEV: the group was removed
  return std::string_view(text, static_cast<std::size_t>(size)).find("populated 1") !=
         std::string_view::npos;
}

}  // namespace

std::optional<std::string> own_cgroup() {
  const auto mount = v2_mount();
  if (!mount) return {};
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::")) continue;
    auto folder = *mount + (line == "0::/" ? "" : line.substr(3));
    if (::access(folder.c_str(), W_OK) != 0) return {};
    return folder;
  }
  return {};
}

bool create_cgroup(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0755) == 0) return true;
  std::error_code ignored;
  if (errno == ENOENT)
    fs::create_directories(fs::path(folder).parent_path(), ignored);
  else if (errno != EEXIST || !remove_cgroup(folder))
    return false;
  return ::mkdir(folder.c_str(), 0755) == 0;
}

std::vector<pid_t> processes_in(const std::string& folder) {
  std::vector<pid_t> found;
  std::ifstream list(folder + "/cgroup.procs");
  for (pid_t pid = 0; list >> pid;) found.push_back(pid);
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code))
    if (entry.is_directory(code)) {
      const auto below = processes_in(entry.path());
      found.insert(found.end(), below.begin(), below.end());
    }
  return found;
}

bool kill_cgroup(const std::string& folder) {
  if (write_text(folder + "/cgroup.kill", "1")) return true;
  std::error_code code;
  if (!fs::exists(folder, code)) return false;
  for (int round = 0; round < kill_rounds_max; ++round) {
    for (const auto pid : processes_in(folder)) ::kill(pid, SIGKILL);
    if (wait_until_empty(folder, std::chrono::steady_clock::now() + kill_round)) break;
  }
  return true;
}

bool is_populated(const std::string& folder) {
  const UniqueFd events(::open((folder + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC));
  return events.is_open() && populated(events.get()).value_or(false);
}

bool wait_until_empty(const std::string& folder, SteadyTime deadline) {
  const UniqueFd events(::open((folder + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC));
  while (events.is_open() && populated(events.get()).value_or(false)) {
    const auto left = std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd changed{events.get(), POLLPRI, 0};  // cgroup-v2: a change of the file is POLLPRI
    ::poll(&changed, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
  }
  return true;
}

bool is_leaf(const std::string& folder) {
  constexpr nlink_t of_leaf = 2;  // its name and its own "."
  struct stat found {};
  return ::stat(folder.c_str(), &found) == 0 && found.st_nlink == of_leaf;
}

bool remove_cgroup(const std::string& folder) {
  if (::rmdir(folder.c_str()) == 0 || errno == ENOENT) return true;
  std::error_code code;
  std::vector<std::string> below;
  for (const auto& entry : fs::directory_iterator(folder, code))
    if (entry.is_directory(code)) below.push_back(entry.path());
  for (const auto& inner : below)
    if (!remove_cgroup(inner)) return false;
  for (int round = 0; ::rmdir(folder.c_str()) != 0; ++round) {
    if (errno == ENOENT) return true;
    if (errno != EBUSY || round == remove_rounds_max || is_populated(folder)) return false;
    ::poll(nullptr, 0, remove_round_ms);
  }
  return true;
}

}  // namespace daemonz::process
