#include "supervisor/child_setup.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

namespace daemonz::supervisor {
namespace {

constexpr int groups_max = 256;  // of one user; more than a sane machine has

// The supervisor's own dealings with whoever started it are not the child's.
bool is_inherited(std::string_view key) {
  return key != "NOTIFY_SOCKET" && key != "WATCHDOG_USEC" && key != "WATCHDOG_PID" &&
         key != process::tree_variable && !key.starts_with("LISTEN_");
}

const passwd* user_of(const config::Daemon& daemon) {
  return daemon.user.empty() ? nullptr : ::getpwnam(daemon.user.c_str());
}

void set_user(const config::Daemon& daemon, process::LaunchOptions& options) {
  if (const auto* user = user_of(daemon)) {
    options.uid = user->pw_uid;
    options.gid = user->pw_gid;
    int count = groups_max;
    options.groups.resize(groups_max);
    if (::getgrouplist(daemon.user.c_str(), user->pw_gid, options.groups.data(), &count) < 0)
      count = groups_max;  // what has found no room is left out; zeros would be the group of root
    options.groups.resize(static_cast<std::size_t>(count));
  }
  if (const auto* group = daemon.group.empty() ? nullptr : ::getgrnam(daemon.group.c_str()))
    options.gid = group->gr_gid;
}

std::map<std::string, std::string> environment(const ChildSetup& setup) {
  const auto& planned = setup.planned;
  std::map<std::string, std::string> env;
  for (char** entry = ::environ; *entry; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos && is_inherited(text.substr(0, equals)))
      env.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  // Another user's home, not the supervisor's: as login(1) sets them.
  if (const auto* user = user_of(planned.config)) {
    env["HOME"] = user->pw_dir;
    env["USER"] = env["LOGNAME"] = user->pw_name;
  }
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

rlimit raise_open_files() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const auto before = files;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  return before;
}

process::LaunchOptions child_options(const ChildSetup& setup) {
  const auto& daemon = setup.planned.config;
  process::LaunchOptions options;
  options.argv = daemon.command;
  if (!setup.mark.cgroup.empty()) options.cgroup = setup.mark.cgroup + "/main";
  options.env = environment(setup);
  options.working_folder = daemon.working_folder;
  options.limits.emplace_back(RLIMIT_NOFILE, setup.open_files);
  for (const auto& limit : daemon.limits.resources) options.limits.push_back(limit);
  options.nice = daemon.limits.nice;
  options.oom_score_adj = daemon.limits.oom_score_adj;
  if (daemon.umask) options.umask = static_cast<mode_t>(*daemon.umask);
  set_user(daemon, options);
  return options;
}

}  // namespace daemonz::supervisor
