#include "supervisor/pid_files.h"

#include <sys/stat.h>

#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/log.h"

namespace daemonz::supervisor {
namespace {

constexpr Seconds kill_time(10);                 // for SIGKILL to take effect on a busy machine
constexpr std::size_t pid_text_max = 64;         // a number and a line end; more is no pid file
constexpr std::size_t command_line_max = 65536;  // what is matched of one; patterns stand in front

std::string head_of(const std::string& path, std::size_t size_max) {
  std::ifstream file(path, std::ios::binary);
  std::string text(size_max, '\0');
  file.read(text.data(), static_cast<std::streamsize>(size_max));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return text;
}

// 0: this is no pid file.
pid_t pid_in(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return 0;
  const auto text = head_of(path, pid_text_max);
  const auto is_space = [](unsigned char c) { return std::isspace(c) != 0; };
  const auto first = std::find_if_not(text.begin(), text.end(), is_space);
  const auto last = std::find_if(first, text.end(), is_space);
  const auto number = parse_number(std::string_view(first, last));
  constexpr std::uint64_t pid_max = 1 << 22;  // PID_MAX_LIMIT of the kernel
  return number && *number <= pid_max ? static_cast<pid_t>(*number) : 0;
}

std::string command_line_of(pid_t pid) {
  auto text = head_of("/proc/" + std::to_string(pid) + "/cmdline", command_line_max);
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

bool is_of_this_user(pid_t pid) {
  struct stat found {};
  return ::stat(("/proc/" + std::to_string(pid)).c_str(), &found) == 0 &&
         found.st_uid == ::geteuid();
}

bool has_ended(pid_t pid) {
  const auto stat = process::stat_of(pid);
  return !stat || !stat->is_alive();
}

}  // namespace

std::vector<NamedPid> read_pid_files(const std::vector<std::string>& globs) {
  std::vector<NamedPid> found;
  for (const auto& pattern : globs) {
    glob_t matching{};
    if (::glob(pattern.c_str(), 0, nullptr, &matching) == 0)
      for (std::size_t i = 0; i < matching.gl_pathc && i < pid_files_max; ++i)
        if (const auto pid = pid_in(matching.gl_pathv[i]); pid > 0)
          found.push_back({matching.gl_pathv[i], pid});
    ::globfree(&matching);
  }
  return found;
}

std::optional<process::Identity> find_main(const config::Daemon& daemon,
                                           const process::TreeMark& tree) {
  const auto named = read_pid_files(daemon.pid_files);
  if (named.empty()) return {};
  const auto members = process::processes_of(tree);
  for (const auto& [file, pid] : named) {
    const auto member = std::find_if(members.begin(), members.end(),
                                     [&](const auto& one) { return one.pid == pid; });
    const auto stat = process::stat_of(pid);
    if (member != members.end() && stat && stat->parent == ::getpid()) return *member;
  }
  return {};
}

void remove_stale_pid_files(const config::Daemon& daemon) {
  for (const auto& [file, pid] : read_pid_files(daemon.pid_files)) {
    std::error_code ignored;  // whoever may not write there is told by the program itself
    if (has_ended(pid)) std::filesystem::remove(file, ignored);
  }
}

bool matches(std::string_view command_line, const std::vector<std::string>& patterns) {
  return std::all_of(patterns.begin(), patterns.end(), [&](const auto& pattern) {
    return command_line.find(pattern) != std::string_view::npos;
  });
}

std::vector<process::Identity> stale_processes(const config::Daemon& daemon,
                                               const std::vector<process::Identity>& ours) {
  std::vector<process::Identity> found;
  for (const auto& [file, pid] : read_pid_files(daemon.pid_files)) {
    const auto identity = process::identity_of(pid);
    if (!identity || has_ended(pid) || pid == ::getpid() || !is_of_this_user(pid)) continue;
    if (std::find(ours.begin(), ours.end(), *identity) != ours.end()) continue;
    if (!daemon.kill_patterns.empty() && matches(command_line_of(pid), daemon.kill_patterns))
      found.push_back(*identity);
  }
  return found;
}

namespace {

int end_stale_of(const config::Daemon& daemon, const std::vector<process::Identity>& ours) {
  const auto stale = stale_processes(daemon, ours);
  for (const auto& one : stale) {
    log::warn("supervisor", "stale process of an earlier run is ended",
              {{"name", daemon.name}, {"pid", one.pid}});
    process::signal_tree({.leader = one}, daemon.stop.signal);
  }
  const auto deadline = real_clock().steady() + daemon.stop.timeout;
  for (const auto& one : stale) {
    process::wait_for_end(one, deadline);
    if (!process::kill_tree({.leader = one}, real_clock().steady() + kill_time))
      throw Error(ErrorText{.what = "cannot end what an earlier run of " + daemon.name + " left",
                            .where = "pid " + std::to_string(one.pid),
                            .hint = "It does not die of SIGKILL: is it waiting for a device?"});
  }
  remove_stale_pid_files(daemon);
  return static_cast<int>(stale.size());
}

}  // namespace

int end_stale_processes(const Plan& plan, const std::string& token_prefix) {
  int count = 0;
  std::optional<std::vector<process::Identity>> ours;  // looked for once, and only where needed
  for (const auto& planned : plan.instances) {
    if (planned.config.type != config::Daemon::Type::forking) continue;
    if (!ours) ours = process::processes_with_token_prefix(token_prefix);
    count += end_stale_of(planned.config, *ours);
  }
  return count;
}

}  // namespace daemonz::supervisor
