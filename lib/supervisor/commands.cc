#include "supervisor/commands.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <ostream>

#include "base/error.h"
#include "base/json.h"
#include "process/identity.h"
#include "process/launch.h"
#include "process/lock_file.h"
#include "process/signals.h"
#include "supervisor/answers.h"
#include "supervisor/control.h"
#include "supervisor/home.h"
#include "supervisor/log_sink.h"
#include "supervisor/pid_files.h"
#include "supervisor/plan.h"
#include "supervisor/supervisor.h"

namespace daemonz::supervisor {
namespace {

constexpr int exit_done = 0;
constexpr int exit_not_done = 1;
constexpr int exit_bad_file = 2;
constexpr int report_fd_there = 3;  // where the new supervisor finds its report pipe
constexpr int lines_of_failed_start = 10;
constexpr Seconds stop_slack(30);  // beyond the instances' own stop timeouts

std::string folder_of(const std::string& program) {
  return std::filesystem::path(program).parent_path().string();
}

std::optional<pid_t> holder(const Caller& caller) {
  return process::LockFile::holder_of(caller.config.lock_file);
}

// The supervisor's answer; nullopt: none runs.
std::optional<json::object> ask_supervisor(const Caller& caller, const Request& request) {
  const auto line = ask(home_of(caller.config).control_socket, request_line(request));
  if (!line) return {};
  return json::parse(*line, "answer of the supervisor").as_object();
}

void indent(std::ostream& out, const std::string& text) {
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    out << "    " << text.substr(from, end - from) << '\n';
    from = end + 1;
  }
}

void list_names(const Caller& caller, const json::object& answer, std::string_view key,
                const char* text) {
  const auto* names = json::array_of(answer, key);
  if (!names || names->empty()) return;
  caller.talk << "daemonz: " << text << ':';
  for (const auto& name : *names) caller.talk << ' ' << std::string(name.as_string());
  caller.talk << '\n';
}

int check_plan(const Caller& caller, const Plan& plan) {
  if (!plan.is_good()) caller.talk << sentences_of(plan) << '\n';
  return !plan.faults.empty() ? exit_bad_file : plan.obstacles.empty() ? exit_done : exit_not_done;
}

std::string read_line(int fd) {
  std::string text;
  char piece[4096];
  for (;;) {
    const auto size = ::read(fd, piece, sizeof piece);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    text.append(piece, static_cast<std::size_t>(size));
  }
  return text.substr(0, text.find('\n'));
}

std::string absolute(const std::string& path) { return std::filesystem::absolute(path).string(); }

[[noreturn]] void throw_ended_early(const std::string& log_path, std::uint64_t log_begin) {
  throw Error(ErrorText{.what = "cannot start: the supervisor has ended. Its last lines:\n" +
                                last_lines_of(log_path, log_begin, lines_of_failed_start),
                        .where = log_path});
}

// Starts `daemonz run` in a session of its own and returns when its control socket answers.
// Returns where in the log its lines begin.
std::uint64_t launch_supervisor(const Caller& caller, const StartOptions& options) {
  const auto log_path = log_path_of(caller.config);
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(log_path).parent_path(), ignored);
  const UniqueFd log(::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!log.is_open())
    throw_errno("cannot start: cannot open the log", log_path,
                "May this user write to its folder? `logger` names another one");
  const auto log_begin = static_cast<std::uint64_t>(::lseek(log.get(), 0, SEEK_END));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("cannot make a pipe");
  const UniqueFd report_read(ends[0]);
  UniqueFd report_write(ends[1]);
  // Not part of whatever tree this command was called in: a deploy script's end must not be ours.
  auto env = process::own_environment();
  // And it speaks for itself alone: whoever started this command waits for this command.
  for (const char* key : {process::tree_variable, "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
    env.erase(key);
  process::LaunchOptions launch{
      .argv = {caller.program, "run", "--config", absolute(caller.config.path), "--report-fd",
               std::to_string(report_fd_there), "--log-level", options.log_level},
      .env = std::move(env),
      .working_folder = caller.config.root_path,
      .stdout_fd = log.get(),
      .stderr_fd = log.get(),
      .descriptors = {{report_write.get(), report_fd_there}}};
  for (const auto& target : options.targets) launch.argv.push_back(target);
  auto child = process::launch(launch);
  report_write.reset();
  const auto line = read_line(report_read.get());
  if (line.empty()) {
    static_cast<void>(child.wait());
    throw_ended_early(log_path, log_begin);
  }
  const auto answer = json::parse(line, "report of the supervisor").as_object();
  if (const auto why = json::string_of(answer, "error")) {
    static_cast<void>(child.wait());
    throw Error(*why);
  }
  child.detach();
  return log_begin;
}

// Returns when that process has ended; false: it lives on at the deadline.
bool wait_for_end(pid_t pid, SteadyTime deadline) {
  const auto identity = process::identity_of(pid);
  return !identity || process::wait_for_end(*identity, deadline);
}

// The supervisor knows best what it runs; one that is starting or stopping already says nothing.
Milliseconds longest_stop(const Caller& caller, const std::optional<json::object>& answer) {
  if (const auto told = answer ? json::integer_of(*answer, "stop_ms") : std::nullopt)
    return stop_slack + Milliseconds(*told);
  Milliseconds longest = stop_slack;
  for (const auto& daemon : caller.config.daemons) longest += config::longest_stop(daemon.stop);
  return longest;
}

// What runs without a supervisor: what a dead one has left, and what pid files name.
void end_stale(const Caller& caller, const Home& home) {
  const auto& daemons = caller.config.daemons;
  const bool has_pid_files = std::any_of(daemons.begin(), daemons.end(),
                                         [](const auto& one) { return !one.pid_files.empty(); });
  int left = 0, named = 0;
  if (has_pid_files || std::filesystem::exists(home.lock_file)) {
    prepare(home);
    const auto lock = process::LockFile::try_acquire(home.lock_file);
    if (!lock) throw Error("a supervisor is starting at this moment; try again");
    left = end_stale_instances(home);
    if (has_pid_files)
      named = end_stale_processes(make_plan(caller.config, folder_of(caller.program)),
                                  home.token_prefix);
  }
  if (left > 0)
    caller.talk << "daemonz: the supervisor had died; ended " << left << " instances it left\n";
  if (named > 0)
    caller.talk << "daemonz: ended " << named << " stale processes that pid files name\n";
  if (left + named == 0) caller.talk << "daemonz: was not running\n";
}

int stop_everything(const Caller& caller) {
  const auto home = home_of(caller.config);
  const auto pid = holder(caller);
  if (pid) {
    const auto answer = ask_supervisor(caller, {.command = Request::Command::shutdown});
    if (!answer && *pid > 0)
      ::kill(*pid, SIGTERM);  // it holds the lock but has no socket: starting, or stopping already
    if (!wait_for_end(*pid, real_clock().steady() + longest_stop(caller, answer)))
      throw Error(ErrorText{
          .what = "the supervisor (pid " + std::to_string(*pid) + ") has not stopped in time",
          .hint = "Its log says what it waits for: " +
                  caller.config.shown(log_path_of(caller.config))});
    caller.talk << "daemonz: stopped\n";
    return exit_done;
  }
  end_stale(caller, home);
  return exit_done;
}

// The upgrade: the supervisor that is started next takes over.
int leave_children(const Caller& caller) {
  const auto pid = holder(caller);
  static_cast<void>(answer_of(caller, {.command = Request::Command::shutdown, .is_keeping = true}));
  if (pid && !wait_for_end(*pid, real_clock().steady() + stop_slack))
    throw Error("the supervisor (pid " + std::to_string(*pid) + ") has not ended in time");
  caller.talk << "daemonz: the supervisor has ended, what it ran lives on. To take over: daemonz "
                 "start\n";
  return exit_done;
}

}  // namespace

json::object answer_of(const Caller& caller, const Request& request) {
  auto answer = ask_supervisor(caller, request);
  if (!answer)
    throw Error(
        ErrorText{.what = "the supervisor is not running", .hint = "To start it: daemonz start"});
  if (const auto why = json::string_of(*answer, "error")) throw Error(*why);
  return std::move(*answer);
}

int report_up(const Caller& caller, const json::object& answer) {
  const auto* failed = json::array_of(answer, "failed");
  for (const auto& row : failed ? *failed : json::array{}) {
    const auto& one = row.as_object();
    caller.talk << "daemonz: " << *json::string_of(one, "name")
                << " failed: " << *json::string_of(one, "why") << " ("
                << *json::string_of(one, "state")
                << "). Its log: " << caller.config.shown(*json::string_of(one, "log")) << '\n';
    indent(caller.talk, *json::string_of(one, "last_lines"));
  }
  list_names(caller, answer, "held", "kept stopped, as asked for (`daemonz start NAME` starts it)");
  list_names(caller, answer, "waiting", "not started, waiting for others");
  list_names(caller, answer, "stopped", "stopped before it was up");
  if (json::boolean_of(answer, "ok").value_or(false)) {
    caller.talk << "daemonz: started (" << *json::integer_of(answer, "ready") << " instances)\n";
    return exit_done;
  }
  return exit_not_done;
}

bool is_disabled(const Caller& caller, bool is_forced) {
  if (!caller.config.is_disabled || is_forced) return false;
  caller.talk << "daemonz: disabled by " << caller.config.path << " in the environment \""
              << caller.config.environment << "\": nothing started. To start anyway: --force\n";
  return true;
}

namespace {

// Of a supervisor that runs.
int ask_for_up(const Caller& caller, Request::Command command, const StartOptions& options) {
  const auto answer = answer_of(
      caller, {.command = command, .targets = options.targets, .is_waiting = options.is_waiting});
  return options.is_waiting ? report_up(caller, answer) : exit_done;
}

}  // namespace

int start(const Caller& caller, const StartOptions& options) {
  if (is_disabled(caller, options.is_forced)) return exit_done;
  const auto plan = make_plan(caller.config, folder_of(caller.program));
  if (const int code = check_plan(caller, plan); code != exit_done) return code;
  if (const auto pid = holder(caller)) {
    if (options.targets.empty()) throw Error(already_running_text(caller.config, *pid));
    return ask_for_up(caller, Request::Command::start, options);
  }
  check_targets(caller.config, plan, options.targets);
  const auto log_begin = launch_supervisor(caller, options);
  if (!options.is_waiting) return exit_done;
  const auto answer = ask_supervisor(
      caller, {.command = Request::Command::wait_until_up, .targets = options.targets});
  if (!answer) throw_ended_early(log_path_of(caller.config), log_begin);
  return report_up(caller, *answer);
}

int stop(const Caller& caller, const StopOptions& options) {
  const auto& targets = options.targets;
  if (options.is_keeping) return leave_children(caller);
  if (targets.empty()) return stop_everything(caller);
  if (!holder(caller)) return keep_stopped(caller, targets);
  static_cast<void>(answer_of(caller, {.command = Request::Command::stop, .targets = targets}));
  return exit_done;
}

int restart(const Caller& caller, const StartOptions& options) {
  if (!options.targets.empty()) return ask_for_up(caller, Request::Command::restart, options);
  // Looked at first: a faulty file must not take down what runs.
  const auto plan = make_plan(caller.config, folder_of(caller.program));
  if (const int code = check_plan(caller, plan); code != exit_done) return code;
  stop_everything(caller);
  return start(caller, options);
}

int signal_instances(const Caller& caller, const std::string& signal_text,
                     const std::vector<std::string>& targets) {
  const auto number = process::signal_number(signal_text);
  if (!number) throw Error("\"" + signal_text + "\" is not a signal");
  static_cast<void>(answer_of(
      caller, {.command = Request::Command::signal, .targets = targets, .signal = *number}));
  return exit_done;
}

}  // namespace daemonz::supervisor
