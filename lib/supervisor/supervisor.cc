#include "supervisor/supervisor.h"

#include <malloc.h>
#include <unistd.h>

#include <csignal>
#include <memory>

#include "base/error.h"
#include "base/log.h"
#include "process/launch_numbers.h"
#include "process/signals.h"
#include "supervisor/answers.h"
#include "supervisor/child_setup.h"
#include "supervisor/conductor.h"
#include "supervisor/control.h"
#include "supervisor/home.h"
#include "supervisor/own_log.h"
#include "supervisor/pid_files.h"
#include "supervisor/requests.h"
#include "supervisor/wishes.h"

namespace daemonz::supervisor {
namespace {

constexpr Seconds last_replies_time(1);  // for the answer to `shutdown` to leave

/// The loop, and what is tied to it: signals, the control socket. Threads: one.
class Supervisor {
 public:
  Supervisor(const SupervisorOptions& options, config::Config config, const Home& home, Plan plan,
             Wishes wishes, const std::vector<RecordedInstance>& inherited, rlimit open_files)
      : options_(options),
        signals_({SIGTERM, SIGINT, SIGHUP, SIGCHLD}),
        groups_(home.cgroup),
        surroundings_{.loop = loop_,
                      .home = home,
                      .log_files = log_files_,
                      .log_thread = log_thread_,
                      .groups = groups_,
                      .open_files = open_files},
        conductor_(surroundings_, options.is_foreground),
        requests_(conductor_, surroundings_, std::move(config), std::move(wishes),
                  options.program_folder) {
    groups_.make_ahead(plan, inherited);
    for (auto& planned : plan.instances) conductor_.fleet().add(std::move(planned));
    control_ = std::make_unique<ControlServer>(
        loop_, home.control_socket,
        [this](const std::string& line, const ControlServer::Reply& reply) {
          requests_.answer(line, reply);
        });
    signal_watch_ = loop_.when_readable(signals_.fd(), [this] { take_signals(); });
  }

  int run(const std::vector<RecordedInstance>& inherited) {
    requests_.begin_with(options_.targets, conductor_.inherit(inherited));
    conductor_.settle();
    ::malloc_trim(0);  // what the file and the plan have taken
    loop_.run();
    control_->flush(real_clock().steady() + last_replies_time);
    return conductor_.exit_code();
  }

  [[nodiscard]] bool has_kept_children() const { return requests_.is_keeping_children(); }

 private:
  void take_signals() {
    bool has_child_ended = false;
    while (const auto signal = signals_.take()) {
      if (*signal == SIGCHLD) {
        has_child_ended = true;
      } else if (*signal == SIGTERM || *signal == SIGINT) {
        log::info("supervisor", "asked to stop", {{"signal", process::signal_name(*signal)}});
        conductor_.begin_shutdown(0);
        conductor_.settle();
      } else {
        requests_.reload_by_signal();
      }
    }
    if (has_child_ended) conductor_.reap();
  }

  const SupervisorOptions& options_;
  Loop loop_;
  LogFiles log_files_;
  process::SignalWatch signals_;
  LogThread log_thread_;
  Groups groups_;
  Surroundings surroundings_;
  Conductor conductor_;
  Requests requests_;
  std::unique_ptr<ControlServer> control_;
  Loop::Watch signal_watch_;
};

}  // namespace

int run_supervisor(SupervisorOptions options) {
  ::mallopt(M_ARENA_MAX, 1);  // one heap: its threads need little
  process::reserve_launch_numbers();
  UniqueFd report_fd(options.report_fd);
  try {
    options.is_log_in_file ? log_to_file(log_path_of(options.config)) : log_to_stderr();
    const auto home = home_of(options.config);
    auto wishes = read_wishes(home.wishes_file);
    auto plan = plan_of(options.config, wishes, options.program_folder);
    if (!plan.faults.empty()) throw config::Faults({{.sentence = sentences_of(plan)}});
    if (!plan.is_good()) throw Error("cannot start:\n" + sentences_of(plan));
    prepare(home);
    const auto lock = take_lock(home, options.config);
    wishes.stopped = read_wishes(home.wishes_file).stopped;  // by `stop` until the lock was ours
    process::become_subreaper();
    const auto open_files = raise_open_files(plan.instances.size());
    auto pipes = hold_pipes(home);
    const auto inherited = take_stock(home, is_named_in(plan));
    end_stale_processes(plan, home.token_prefix);
    int exit_code = 0;
    {
      log::info("supervisor", "started", {{"pid", ::getpid()}, {"config", options.config.path}});
      Supervisor supervisor(options, std::move(options.config), home, std::move(plan),
                            std::move(wishes), inherited, open_files);
      pipes.clear();
      if (report_fd.is_open()) write_line(report_fd.get(), done_answer());
      report_fd.reset();
      exit_code = supervisor.run(inherited);
      if (supervisor.has_kept_children()) return exit_code;
    }
    clean(home);
    log::info("supervisor", "stopped", {{"exit_code", exit_code}});
    return exit_code;
  } catch (const Error& problem) {
    if (report_fd.is_open()) write_line(report_fd.get(), refusal(problem.what()));
    throw;
  }
}

}  // namespace daemonz::supervisor
