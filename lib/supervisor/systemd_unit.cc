// The command that writes a unit file. Sources: systemd.service(5), systemd.kill(5),
// systemd.resource-control(5), systemd.syntax(7).
#include <pwd.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <ostream>

#include "supervisor/commands.h"
#include "supervisor/plan.h"

namespace daemonz::supervisor {
namespace {

constexpr Seconds watchdog_time(30);  // a loop that hangs for so long is dead
constexpr Seconds time_slack(30);     // beyond what the daemons themselves may take

// One argument or path: specifiers and variables are not expanded in it.
std::string quoted(const std::string& text) {
  std::string word = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') word += '\\';
    if (c == '%' || c == '$') word += c;
    word += c;
  }
  return word + "\"";
}

// As a setting that is one path to the end of the line: only specifiers mean something in it.
std::string bare(const std::string& text) {
  std::string word;
  for (const char c : text) word += c == '%' ? "%%" : std::string(1, c);
  return word;
}

struct Times {
  Milliseconds start{0}, stop{0};
};

// Ranks follow each other, what is in one rank starts and stops together. A start may have to end
// what an earlier run has left before.
Times longest_times(const Plan& plan) {
  std::map<int, Times> ranks;
  for (const auto& one : plan.instances) {
    auto& rank = ranks[one.rank];
    rank.start = std::max(rank.start, one.config.ready.timeout);
    rank.stop = std::max(rank.stop, config::longest_stop(one.config.stop));
  }
  Times sum;
  for (const auto& [number, rank] : ranks) {
    sum.start += rank.start + rank.stop;
    sum.stop += rank.stop;
  }
  return sum;
}

std::string seconds(Milliseconds time) {
  return std::to_string(std::chrono::ceil<Seconds>(time + time_slack).count());
}

}  // namespace

int systemd_unit(const Caller& caller) {
  const auto& config = caller.config;
  const auto path = std::filesystem::absolute(config.path).lexically_normal().string();
  const auto command = quoted(caller.program) + " ";
  const auto times = longest_times(
      make_plan(config, std::filesystem::path(caller.program).parent_path().string()));
  const auto* const user = ::geteuid() == 0 ? nullptr : ::getpwuid(::geteuid());
  caller.data << "# Made by `daemonz systemd-unit`. To install it, as root:\n"
                 "#   daemonz systemd-unit >/etc/systemd/system/daemonz.service\n"
                 "#   systemctl daemon-reload && systemctl enable --now daemonz\n"
                 "[Unit]\n"
                 "Description=daemonz, the background work of "
              << bare(config.root_path)
              << "\nAfter=network.target\n\n"
                 "[Service]\n"
                 "Type=notify\n"
                 "NotifyAccess=main\n"
              << (user ? "User=" + std::string(user->pw_name) + "\n"
                       : "# As root. For another user: User=NAME\n")
              << "WorkingDirectory=" << bare(config.root_path) << "\nExecStart=" << command
              << "run --config " << quoted(path) << "\nExecReload=" << command << "reload --config "
              << quoted(path) << '\n';
  if (!config.environment.empty())
    caller.data << "Environment=" << quoted("DAEMONZ_ENV=" + config.environment) << '\n';
  caller.data << "Restart=on-failure\n"
                 "RestartSec=1\n"
                 "WatchdogSec="
              << watchdog_time.count() << "\nTimeoutStartSec=" << seconds(times.start)
              << "\nTimeoutStopSec=" << seconds(times.stop)
              << "\n# The daemons outlive a supervisor that dies; the next one takes them over.\n"
                 "KillMode=process\n"
                 "# The supervisor makes a control group for each instance.\n"
                 "Delegate=yes\n"
                 "# An instance that the kernel ends for its memory is the supervisor's matter.\n"
                 "OOMPolicy=continue\n"
                 "LimitNOFILE=65536\n\n"
                 "[Install]\n"
                 "WantedBy=multi-user.target\n";
  return 0;
}

}  // namespace daemonz::supervisor
