#include "process/tree.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/random.h"
#include "base/units.h"
#include "process/cgroup.h"

namespace daemonz::process {
namespace {

constexpr std::size_t environment_size_max = 1 << 20;  // more is not searched for the mark
constexpr int kill_wait_ms = 1000;  // for a killed process to vanish, before the next look around

constexpr pid_t kernel_threads_parent = 2;  // kthreadd
constexpr int exec_rounds_max = 20;  // x 1 ms: an exec shows no environment for some microseconds
constexpr int exec_round_ms = 1;
constexpr int sweeps_max = 8;  // a program that daemonizes itself forks two or three times

using Processes = std::map<pid_t, ProcessStat>;

// `has_missed`: one has ended that we have not reaped yet; it may have left a child behind which
// began too late for this list.
Processes living_processes(bool& has_missed) {
  Processes found;
  for (const auto& stat : all_processes())
    if (stat.is_alive())
      found.emplace(stat.pid, stat);
    else if (stat.parent == ::getpid())
      has_missed = true;
  return found;
}

// This process and all above it are never part of a tree that it ends.
void drop_own_line(Processes& processes) {
  for (pid_t pid = ::getpid(); pid > 0;) {
    const auto stat = stat_of(pid);
    processes.erase(pid);
    pid = stat ? stat->parent : 0;
  }
}

// nullopt: not ours to read. Empty: gone or going (ESRCH), or in the middle of an execve.
std::optional<std::string> environment_of(pid_t pid) {
  const UniqueFd fd(
      ::open(("/proc/" + std::to_string(pid) + "/environ").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) return errno == EACCES ? std::nullopt : std::optional(std::string());
  std::string text;
  char buffer[16384];
  while (text.size() < environment_size_max) {
    const auto size = ::read(fd.get(), buffer, sizeof buffer);
    if (size <= 0) break;
    text.append(buffer, static_cast<std::size_t>(size));
  }
  return text;
}

enum class Mark { absent, present, unclear, gone };

// In the middle of an execve a process shows an empty environment for an instant.
Mark look_for(pid_t pid, const std::string& token, bool is_prefix) {
  auto wanted = std::string(tree_variable) + "=" + token;
  if (!is_prefix) wanted += '\0';
  const auto environment = environment_of(pid);
  if (!environment || environment->empty()) {
    const auto stat = stat_of(pid);
    if (!stat || !stat->is_alive()) return Mark::gone;
    // One that is going has no memory any more, and then its files are root's.
    return environment || stat->resident_bytes == 0 ? Mark::unclear : Mark::absent;
  }
  const bool is_there =
      environment->starts_with(wanted) || environment->find('\0' + wanted) != std::string::npos;
  return is_there ? Mark::present : Mark::absent;
}

// The processes that carry the mark. Unclear ones are looked at again, or they would slip through;
// not for ever: kernel threads have no environment, and a program may be started without one.
// `has_missed`: as in living_processes.
std::set<pid_t> marked(const Processes& all, const std::string& token, bool is_prefix,
                       bool& has_missed) {
  std::set<pid_t> found, unclear;
  for (const auto& [pid, stat] : all)
    if (pid != kernel_threads_parent && stat.parent != kernel_threads_parent) unclear.insert(pid);
  for (int round = 0; !unclear.empty() && round < exec_rounds_max; ++round) {
    if (round > 0) ::poll(nullptr, 0, exec_round_ms);
    std::erase_if(unclear, [&](pid_t pid) {
      const auto mark = look_for(pid, token, is_prefix);
      if (mark == Mark::present) found.insert(pid);
      if (mark == Mark::gone) has_missed = true;
      return mark != Mark::unclear;
    });
  }
  return found;
}

Identity identity_from(const ProcessStat& stat) {
  return {.pid = stat.pid, .start_ticks = stat.start_ticks, .boot_id = boot_id()};
}

// The leader's session is still its own while nobody else has its pid: the kernel gives a number
// out again only when no process, group and session uses it.
bool is_session_intact(const Identity& leader) {
  if (leader.pid <= 0 || leader.boot_id != boot_id()) return false;
  const auto now = stat_of(leader.pid);
  return !now || now->start_ticks == leader.start_ticks;
}

std::vector<Identity> with_descendants(const Processes& all, std::set<pid_t> members) {
  for (bool is_growing = true; is_growing;) {
    is_growing = false;
    for (const auto& [pid, stat] : all)
      if (members.contains(stat.parent) && members.insert(pid).second) is_growing = true;
  }
  std::vector<Identity> found;
  for (const auto pid : members)
    if (const auto it = all.find(pid); it != all.end()) found.push_back(identity_from(it->second));
  return found;
}

std::vector<Identity> in_cgroup(const std::string& folder) {
  std::vector<Identity> found;
  if (!is_populated(folder)) return found;  // one small file, where each end of a child asks
  for (const auto pid : processes_in(folder))
    if (const auto stat = stat_of(pid); stat && pid != ::getpid())
      found.push_back(identity_from(*stat));
  return found;
}

// Nobody is only said when nobody can have slipped through: `sweep` again, else.
std::vector<Identity> swept(const std::function<std::vector<Identity>(bool& has_missed)>& sweep) {
  for (int round = 1;; ++round) {
    bool has_missed = false;
    auto found = sweep(has_missed);
    if (!found.empty() || !has_missed || round == sweeps_max) return found;
  }
}

std::vector<Identity> members_of(const TreeMark& mark, bool& has_missed) {
  auto all = living_processes(has_missed);
  drop_own_line(all);
  const bool is_session_ours = is_session_intact(mark.leader);
  std::set<pid_t> members;
  if (!mark.token.empty()) members = marked(all, mark.token, false, has_missed);
  for (const auto& [pid, stat] : all) {
    const bool is_in_session =
        is_session_ours && (stat.session == mark.leader.pid || stat.group == mark.leader.pid);
    if (is_in_session || identity_from(stat) == mark.leader) members.insert(pid);
  }
  return with_descendants(all, std::move(members));
}

std::vector<Identity> by_sweep(const TreeMark& mark) {
  return swept([&mark](bool& has_missed) { return members_of(mark, has_missed); });
}

std::vector<UniqueFd> signal_all(const std::vector<Identity>& processes, int signal) {
  std::vector<UniqueFd> reached;
  for (const auto& identity : processes) {
    auto pidfd = open_pidfd(identity);
    if (pidfd.is_open() && ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0)
      reached.push_back(std::move(pidfd));
  }
  return reached;
}

// Until all have ended, or `deadline`, or kill_wait_ms.
void wait_for_end(const std::vector<UniqueFd>& pidfds, SteadyTime deadline) {
  const auto limit =
      std::min(deadline, std::chrono::steady_clock::now() + Milliseconds(kill_wait_ms));
  for (const auto& pidfd : pidfds) {
    const auto left = std::chrono::ceil<Milliseconds>(limit - std::chrono::steady_clock::now());
    pollfd ended{pidfd.get(), POLLIN, 0};
    ::poll(&ended, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  }
}

}  // namespace

void become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) throw_errno("cannot become a child subreaper");
}

std::string new_tree_token(const std::string& prefix) {
  std::array<unsigned char, 8> random{};
  fill_random(random);
  return prefix + "/" + to_hex(random);
}

std::vector<Identity> processes_of(const TreeMark& mark) {
  if (!mark.cgroup.empty()) return in_cgroup(mark.cgroup);
  return by_sweep(mark);
}

std::vector<Identity> processes_with_token_prefix(const std::string& prefix,
                                                  const std::vector<std::string>& spared) {
  return swept([&](bool& has_missed) {
    auto all = living_processes(has_missed);
    drop_own_line(all);
    auto found = marked(all, prefix, true, has_missed);
    std::erase_if(found, [&spared](pid_t pid) {
      return std::any_of(spared.begin(), spared.end(), [pid](const auto& token) {
        return !token.empty() && look_for(pid, token, false) == Mark::present;
      });
    });
    return with_descendants(all, std::move(found));
  });
}

bool is_empty(const TreeMark& mark) {
  return mark.cgroup.empty() ? by_sweep(mark).empty() : !is_populated(mark.cgroup);
}

int signal_tree(const TreeMark& mark, int signal) {
  return static_cast<int>(signal_all(processes_of(mark), signal).size());
}

bool is_group_empty(const Identity& leader) {
  if (!is_session_intact(leader)) return true;
  bool is_ignored = false;
  const auto all = living_processes(is_ignored);
  return std::none_of(all.begin(), all.end(),
                      [&](const auto& one) { return one.second.group == leader.pid; });
}

void signal_group(const Identity& leader, int signal) {
  if (is_session_intact(leader)) ::kill(-leader.pid, signal);
}

bool kill_tree(const TreeMark& mark, SteadyTime deadline) {
  if (!mark.cgroup.empty()) {
    kill_cgroup(mark.cgroup);
    return wait_until_empty(mark.cgroup, deadline);
  }
  for (;;) {
    const auto processes = processes_of(mark);
    if (processes.empty()) return true;
    if (std::chrono::steady_clock::now() >= deadline) return false;
    wait_for_end(signal_all(processes, SIGKILL), deadline);
  }
}

bool kill_processes(const std::vector<Identity>& processes, SteadyTime deadline) {
  static_cast<void>(signal_all(processes, SIGKILL));
  return std::all_of(processes.begin(), processes.end(),
                     [&](const auto& one) { return wait_for_end(one, deadline); });
}

}  // namespace daemonz::process
