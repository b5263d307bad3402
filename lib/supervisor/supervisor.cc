#include "supervisor/supervisor.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <deque>
#include <filesystem>

#include "base/error.h"
#include "base/log.h"
#include "process/lock_file.h"
#include "process/signals.h"
#include "supervisor/answers.h"
#include "supervisor/control.h"
#include "supervisor/events.h"
#include "supervisor/fleet.h"
#include "supervisor/home.h"
#include "supervisor/pid_files.h"
#include "supervisor/state_file.h"
#include "supervisor/supervised.h"
#include "supervisor/upward.h"

namespace daemonz::supervisor {
namespace {

constexpr Seconds last_replies_time(1);  // for the answer to `shutdown` to leave

// Children get the limit we were started with; we need descriptors for all of them.
rlimit raise_open_files() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const auto before = files;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  return before;
}

class Supervisor {
 public:
  Supervisor(const SupervisorOptions& options, const Home& home, Plan plan)
      : options_(options),
        home_(home),
        signals_({SIGTERM, SIGINT, SIGHUP, SIGCHLD}),
        surroundings_{.loop = loop_,
                      .home = home_,
                      .log_files = log_files_,
                      .open_files = raise_open_files()} {
    std::error_code ignored;  // a folder that is not there is named when a socket is bound in it
    std::filesystem::create_directory(home_.notify_folder, ignored);
    std::filesystem::create_directory(home_.io_folder, ignored);
    for (auto& planned : plan.instances) fleet_.add(std::move(planned));
    control_ = std::make_unique<ControlServer>(
        loop_, home_.control_socket,
        [this](const std::string& line, ControlServer::Reply reply) { answer(line, reply); });
    signal_watch_ = loop_.when_readable(signals_.fd(), [this] { take_signals(); });
  }

  int run() {
    for (auto* const instance : fleet_.chosen(options_.targets, Fleet::Reach::with_dependencies))
      feed(*instance, Event::start);
    if (upward_.is_wanted())
      waiters_.push_back({fleet_.chosen(options_.targets, Fleet::Reach::with_dependencies),
                          Waiter::Goal::up, [this](const std::string&) { upward_.ready(); }});
    answer_waiters();
    loop_.run();
    control_->flush(real_clock().steady() + last_replies_time);
    return exit_code_;
  }

 private:
  void feed(Supervised& instance, Event event) {
    events_.emplace_back(&instance, event);
    settle();
  }

  // Events are taken one after the other: handling one may cause the next. Called again from
  // within, it leaves the rest to the outer call.
  void settle() {
    if (std::exchange(is_settling_, true)) return;
    do {
      while (!events_.empty()) {
        const auto [instance, event] = events_.front();
        events_.pop_front();
        const auto before = instance->instance().state;
        for (const auto action : instance->handle(event))
          if (action == Action::give_up) begin_shutdown(1);
        if (instance->instance().state != before) event_stream_.tell(*instance, before);
      }
      look_around();
    } while (!events_.empty());
    is_settling_ = false;
  }

  // After each burst of events: what has become possible?
  void look_around() {
    for (const auto& instance : fleet_)
      if (!is_shutting_down_ && instance->instance().state == State::waiting &&
          instance->is_settled_down() && fleet_.may_start(*instance))
        events_.emplace_back(instance.get(), Event::dependencies_met);
    if (!events_.empty()) return;
    if (is_shutting_down_) go_on_stopping();
    answer_waiters();
    record();
    upward_.look_at(fleet_.all());
  }

  void take_signals() {
    while (const auto signal = signals_.take()) {
      if (*signal == SIGCHLD) {
        reap();
      } else if (*signal == SIGTERM || *signal == SIGINT) {
        log::info("supervisor", "asked to stop", {{"signal", process::signal_name(*signal)}});
        begin_shutdown(0);
        settle();
      } else {
        log::warn("supervisor", "reload is not supported yet: daemonz restart reads the file anew",
                  {{"signal", process::signal_name(*signal)}});
      }
    }
  }

  // Orphans of the trees are ours (subreaper). The instances' own children are looked at without
  // being reaped, so that their status is not lost.
  void reap() {
    siginfo_t info{};
    while (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) {
      const bool is_taken = std::any_of(fleet_.begin(), fleet_.end(), [&](const auto& one) {
        return one->take_ended(info.si_pid);
      });
      if (!is_taken) ::waitpid(info.si_pid, nullptr, WNOHANG);
      info.si_pid = 0;
    }
    for (const auto& instance : fleet_) instance->look_at_tree();
  }

  void begin_shutdown(int exit_code) {
    if (exit_code != 0) exit_code_ = exit_code;
    if (std::exchange(is_shutting_down_, true)) return;
    event_stream_.tell("stopping");
    upward_.stopping(fleet_.stop_time());
  }

  // Ranks end in reverse: the highest that still lives is asked first, and awaited.
  void go_on_stopping() {
    const int highest = fleet_.highest_living_rank();
    for (const auto& instance : fleet_) {
      const bool is_at_rest = instance->is_settled_down();
      // What has ended for good needs no stop, and whoever waits for it is told why it has.
      const auto state = instance->instance().state;
      if (is_at_rest && (state == State::fatal || state == State::exited)) continue;
      if (instance->instance().is_wanted && (is_at_rest || instance->planned().rank == highest))
        events_.emplace_back(instance.get(), Event::stop);
    }
    if (events_.empty() && highest < 0) loop_.stop();
  }

  void answer(const std::string& line, const ControlServer::Reply& reply) {
    try {
      const auto request = parse_request(line);
      using Command = Request::Command;
      const bool is_start =
          request.command == Command::start || request.command == Command::wait_until_up;
      auto targets = fleet_.chosen(
          request.targets, is_start ? Fleet::Reach::with_dependencies : Fleet::Reach::as_named);
      switch (request.command) {
        case Request::Command::status: return reply(status_answer(targets));
        case Request::Command::wait_until_up:
          waiters_.push_back({std::move(targets), Waiter::Goal::up, reply});
          break;
        case Request::Command::start:
          return begin(std::move(targets), Event::start, Waiter::Goal::up, request, reply);
        case Request::Command::restart:
          return begin(std::move(targets), Event::restart, Waiter::Goal::up, request, reply);
        case Request::Command::stop:
          return begin(std::move(targets), Event::stop, Waiter::Goal::down, request, reply);
        case Request::Command::signal:
          for (const auto* target : targets)
            if (target->pid() > 0) ::kill(target->pid(), request.signal);
          return reply(done_answer());
        case Request::Command::events: return event_stream_.add(reply, request.targets);
        case Request::Command::shutdown:
          log::info("supervisor", "asked to stop", {{"by", "control"}});
          begin_shutdown(0);
          reply(done_answer());
          break;
      }
      settle();
    } catch (const std::exception& problem) {
      reply(refusal(problem.what()));
    }
  }

  void begin(std::vector<Supervised*> targets, Event event, Waiter::Goal goal,
             const Request& request, const ControlServer::Reply& reply) {
    if (is_shutting_down_) return reply(refusal("the supervisor is stopping"));
    if (request.is_waiting)
      waiters_.push_back({targets, goal, reply});
    else
      reply(done_answer());
    for (auto* const target : targets) events_.emplace_back(target, event);
    settle();
  }

  void answer_waiters() {
    std::optional<SteadyTime> next_look;
    auto waiting = std::exchange(waiters_, {});
    for (auto& waiter : waiting) {
      if (waiter.is_over(fleet_.all()))
        waiter.reply(waiter.goal == Waiter::Goal::up ? up_answer(waiter.targets) : done_answer());
      else
        waiters_.push_back(std::move(waiter));
    }
    for (const auto& waiter : waiters_)
      if (const auto next = waiter.next_look(); next && (!next_look || *next < *next_look))
        next_look = next;
    if (next_look)
      waiter_watch_ = loop_.at(*next_look, [this] { answer_waiters(); });
    else
      waiter_watch_.cancel();
  }

  // Written only when a child came or went: a state alone is not worth a file.
  void record() {
    std::vector<pid_t> pids;
    for (const auto& instance : fleet_)
      if (!instance->is_settled_down()) pids.push_back(instance->mark().leader.pid);
    if (pids == recorded_pids_) return;
    try {
      write_state_file(home_.state_file, fleet_.recorded());
      recorded_pids_ = std::move(pids);
    } catch (const Error& problem) {
      log::warn("supervisor", "state not recorded", {{"why", problem.what()}});
    }
  }

  const SupervisorOptions& options_;
  const Home& home_;
  Loop loop_;
  LogFiles log_files_;
  process::SignalWatch signals_;
  Surroundings surroundings_;
  Fleet fleet_{surroundings_, [this](Supervised& instance, Event event) { feed(instance, event); }};
  std::deque<std::pair<Supervised*, Event>> events_;
  bool is_settling_ = false;
  bool is_shutting_down_ = false;
  int exit_code_ = 0;
  std::vector<Waiter> waiters_;
  std::vector<pid_t> recorded_pids_;
  EventStream event_stream_;
  Upward upward_{loop_};
  std::unique_ptr<ControlServer> control_;
  Loop::Watch signal_watch_, waiter_watch_;
};

void log_to_file(const config::Config& config) {
  const auto path = log_path_of(config);
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  log::to_file(path);
}

void report(int fd, const std::string& line) {
  const auto text = line + "\n";
  [[maybe_unused]] const auto written = ::write(fd, text.data(), text.size());
}

}  // namespace

std::string log_path_of(const config::Config& config) {
  return config.logger.kind == config::Logger::Kind::file ? config.logger.path
                                                          : config.resolve("log/daemonz.log");
}

std::string sentences_of(const Plan& plan) {
  std::string text;
  for (const auto* list : {&plan.faults, &plan.obstacles})
    for (const auto& sentence : *list) text += (text.empty() ? "" : "\n") + sentence;
  return text;
}

std::string already_running_text(const config::Config& config, pid_t holder) {
  return "cannot start: already running (pid " + std::to_string(holder) + " holds " +
         config.shown(config.lock_file) + "). To restart it: daemonz restart";
}

int run_supervisor(const SupervisorOptions& options) {
  UniqueFd report_fd(options.report_fd);
  try {
    if (options.is_log_in_file) log_to_file(options.config);
    const auto home = home_of(options.config);
    auto plan = make_plan(options.config, options.program_folder);
    if (!plan.faults.empty()) throw config::Faults({{.sentence = sentences_of(plan)}});
    if (!plan.is_good()) throw Error("cannot start:\n" + sentences_of(plan));
    prepare(home);
    const auto lock = process::LockFile::try_acquire(home.lock_file);
    if (!lock)
      throw Error(already_running_text(options.config,
                                       process::LockFile::holder_of(home.lock_file).value_or(0)));
    process::become_subreaper();
    if (const int count = end_stale_instances(home); count > 0)
      log::warn("supervisor", "stale instances of an earlier run ended", {{"count", count}});
    for (const auto& planned : plan.instances)
      if (planned.config.type == config::Daemon::Type::forking)
        end_stale_processes(planned.config,
                            process::processes_with_token_prefix(home.token_prefix));
    int exit_code = 0;
    {
      Supervisor supervisor(options, home, std::move(plan));
      log::info("supervisor", "started", {{"pid", ::getpid()}, {"config", options.config.path}});
      if (report_fd.is_open()) report(report_fd.get(), done_answer());
      report_fd.reset();
      exit_code = supervisor.run();
    }
    clean(home);
    log::info("supervisor", "stopped", {{"exit_code", exit_code}});
    return exit_code;
  } catch (const Error& problem) {
    if (report_fd.is_open()) report(report_fd.get(), refusal(problem.what()));
    throw;
  }
}

}  // namespace daemonz::supervisor
