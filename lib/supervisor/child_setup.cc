#include "supervisor/child_setup.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "supervisor/owner.h"

namespace daemonz::supervisor {
namespace {

constexpr std::size_t own_files = 64;
constexpr std::size_t files_each = 4;  // log, pipe, notify socket, pidfd

// The supervisor's own dealings with whoever started it are not the child's.
bool is_inherited(std::string_view key) {
  return key != "NOTIFY_SOCKET" && key != "WATCHDOG_USEC" && key != "WATCHDOG_PID" &&
         key != process::tree_variable && !key.starts_with("LISTEN_");
}

// Another user's home, not the supervisor's: as login(1) sets them.
void set_home(const Owner& owner, std::map<std::string, std::string>& env) {
  if (!owner.uid) return;
  for (const auto* key : {"HOME", "USER", "LOGNAME"}) env.erase(key);
  if (owner.name.empty()) return;
  env["HOME"] = owner.home;
  env["USER"] = env["LOGNAME"] = owner.name;
}

std::map<std::string, std::string> environment(const ChildSetup& setup, const Owner& owner) {
  const auto& planned = setup.planned;
  auto env = process::own_environment();
  std::erase_if(env, [](const auto& one) { return !is_inherited(one.first); });
  set_home(owner, env);
  for (const auto& [key, value] : planned.config.env) env[key] = value;
  env["DAEMONZ_NAME"] = planned.daemon;
  env["DAEMONZ_INDEX"] = std::to_string(planned.index);
  env["DAEMONZ_INSTANCE"] = planned.daemon + ":" + std::to_string(planned.index);
  env["NOTIFY_SOCKET"] = setup.notify_address;
  if (!setup.mark.token.empty()) env[process::tree_variable] = setup.mark.token;
  if (!setup.mark.cgroup.empty()) env["DAEMONZ_CGROUP"] = setup.mark.cgroup;
  if (planned.config.watchdog)
    env["WATCHDOG_USEC"] = std::to_string(Microseconds(*planned.config.watchdog).count());
  return env;
}

}  // namespace

rlimit raise_open_files(std::size_t instances) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const auto before = files;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const auto expected = std::min<std::size_t>(files.rlim_cur, own_files + instances * files_each);
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd last(::fcntl(null.get(), F_DUPFD_CLOEXEC, expected - 1));  // makes the table grow
  return before;
}

process::LaunchOptions child_options(const ChildSetup& setup) {
  const auto& daemon = setup.planned.config;
  const auto owner = owner_of(daemon);
  if (!owner.obstacles.empty()) throw Error(owner.obstacles[0]);  // never as the supervisor instead
  process::LaunchOptions options;
  options.argv = daemon.command;
  if (!setup.mark.cgroup.empty()) options.cgroup = setup.mark.cgroup;
  options.env = environment(setup, owner);
  options.working_folder = daemon.working_folder;
  options.limits.emplace_back(RLIMIT_NOFILE, setup.open_files);
  for (const auto& limit : daemon.limits.resources) options.limits.push_back(limit);
  options.nice = daemon.limits.nice;
  options.oom_score_adj = daemon.limits.oom_score_adj;
  if (daemon.umask) options.umask = static_cast<mode_t>(*daemon.umask);
  options.uid = owner.uid;
  options.gid = owner.gid;
  options.groups = owner.groups;
  return options;
}

}  // namespace daemonz::supervisor
