// What the commands of `daemonz` do, without the parsing of their options: each takes a loaded
// configuration and two streams (data, talk) and returns an exit code. Follows cli.md and
// supervisor.md, "Control".
#pragma once

#include <array>
#include <iosfwd>
#include <string>
#include <vector>

#include "base/json.h"
#include "config/config.h"

namespace daemonz::supervisor {

/// What every command needs. Loans; they outlive the call.
struct Caller {
  const config::Config& config;
  std::string program;  ///< absolute path of the running daemonz
  std::ostream& data;
  std::ostream& talk;
};

struct StartOptions {
  std::vector<std::string> targets;  ///< empty: all
  bool is_waiting = true;            ///< for readiness or failure
  bool is_forced = false;            ///< although the configuration says `disabled`
  std::string log_level = "info";    ///< of the supervisor
};

/// 0: all targets are up. 1: one has failed (named, with its exit code and last lines; the others
/// run on). Throws Error when a supervisor runs already and no target is named.
int start(const Caller& caller, const StartOptions& options);

struct StopOptions {
  std::vector<std::string> targets;  ///< empty: everything, the supervisor too
  bool is_keeping = false;           ///< the supervisor alone ends: the next start takes over
};

/// What a dead supervisor left is ended too, and stale processes that pid files name. 0 also when
/// nothing ran: targets stay stopped at the next start, then.
int stop(const Caller& caller, const StopOptions& options);

/// Without targets: stop and start with the file as it is now.
int restart(const Caller& caller, const StartOptions& options);

/// One instance after the other, each when the one before is ready. 1: one has failed, and the rest
/// were left alone.
int restart_rolling(const Caller& caller, const std::vector<std::string>& targets);

struct ReloadOptions {
  bool is_dry_run = false;  ///< only the plan
  bool is_waiting = true;   ///< for readiness or failure of what was started
};

/// Prints the plan, a line for each change, and carries it out: nothing else is touched.
int reload(const Caller& caller, const ReloadOptions& options);

struct ScaleOptions {
  std::string daemon;
  int instances = 0;
  bool is_waiting = true;
};

/// As reload. Holds until the file says another number.
int scale(const Caller& caller, const ScaleOptions& options);

/// Sets the numbers of instances that people have asked for by scale.
void apply_wishes(config::Config& config);

/// `stop` of targets while no supervisor runs: written down for the next one. What a dead one has
/// left of them is ended, its other instances are left to the next one.
int keep_stopped(const Caller& caller, const std::vector<std::string>& targets);

/// Whether the configuration is `disabled` and nobody insists; says so.
bool is_disabled(const Caller& caller, bool is_forced);

/// The columns of the table, as `fields` names them.
inline constexpr std::array<const char*, 8> status_fields{"name",     "state", "pid", "up",
                                                          "restarts", "cpu",   "rss", "ready"};

struct StatusOptions {
  std::vector<std::string> targets;  ///< empty: all
  std::vector<std::string> fields;   ///< of status_fields, in this order; empty: all
  bool is_json = false;              ///< always with all fields
};

/// LSB: 0 all wanted instances run, 1 one is dead, or the supervisor died with its lock file left,
/// 3 stopped, 4 not known (still starting, no answer, or no such target).
int status(const Caller& caller, const StatusOptions& options);

/// `signal_text`: "HUP", "SIGHUP" or "1".
int signal_instances(const Caller& caller, const std::string& signal_text,
                     const std::vector<std::string>& targets);

struct PlanReportOptions {
  const std::vector<config::Value>& values;  ///< of the load
  bool is_json = false;
};

/// The resolved plan, and every value with where it comes from. 0 good, 2 faults in the file, 1
/// something missing on this machine.
int check(const Caller& caller, const PlanReportOptions& options);
/// What check prints for a file that could not be loaded.
void print_faults_as_json(std::ostream& out, const config::Faults& faults);

struct EventsOptions {
  std::vector<std::string> targets;  ///< empty: all
  bool is_json = false;              ///< the lines of PROTOCOL.md as they are
};
/// Prints each change of a state as it happens, until SIGINT (0) or the supervisor's end (1).
int events(const Caller& caller, const EventsOptions& options);

/// A unit file for systemd(1) on stdout, for this configuration and the user who asks.
int systemd_unit(const Caller& caller);

struct CompletedCommand {
  std::string name;
  std::vector<std::string> options;  ///< "--json"
};
/// The script that makes bash complete commands, options and the names of daemons.
int bash_completion(std::ostream& data, const std::vector<CompletedCommand>& commands);
/// What that script asks for: the names that a command takes, one a line.
int instance_names(const Caller& caller);

struct LogsOptions {
  std::vector<std::string> targets;  ///< empty: the supervisor's own and all others
  int lines = 10;
  bool is_following = false;  ///< until SIGINT; across rotation
};
int logs(const Caller& caller, const LogsOptions& options);

struct Request;

/// The running supervisor's answer. Throws Error: it refuses, or none runs.
[[nodiscard]] json::object answer_of(const Caller& caller, const Request& request);
/// Says how a start has ended; the exit code.
int report_up(const Caller& caller, const json::object& answer);

}  // namespace daemonz::supervisor
