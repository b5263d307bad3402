#include "supervisor/supervisor.h"

#include <unistd.h>

#include <malloc.h>

#include <algorithm>
#include <csignal>
#include <deque>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "process/launch_numbers.h"
#include "process/signals.h"
#include "supervisor/answers.h"
#include "supervisor/child_setup.h"
#include "supervisor/control.h"
#include "supervisor/events.h"
#include "supervisor/fleet.h"
#include "supervisor/home.h"
#include "supervisor/launches.h"
#include "supervisor/own_log.h"
#include "supervisor/pid_files.h"
#include "supervisor/recorder.h"
#include "supervisor/replan.h"
#include "supervisor/supervised.h"
#include "supervisor/upward.h"
#include "supervisor/waiters.h"
#include "supervisor/wishes.h"

namespace daemonz::supervisor {
namespace {

constexpr Seconds last_replies_time(1);  // for the answer to `shutdown` to leave

class Supervisor {
 public:
  Supervisor(const SupervisorOptions& options, config::Config config, const Home& home, Plan plan,
             Wishes wishes, const std::vector<RecordedInstance>& inherited, rlimit open_files)
      : options_(options),
        config_(std::move(config)),
        wishes_(home.wishes_file, std::move(wishes)),
        home_(home),
        signals_({SIGTERM, SIGINT, SIGHUP, SIGCHLD}),
        surroundings_{.loop = loop_,
                      .home = home_,
                      .log_files = log_files_,
                      .log_thread = log_thread_,
                      .groups = groups_,
                      .open_files = open_files} {
    for (auto& one : config_.daemons) one.places.clear();  // told by now, and of a thousand: 1 MB
    groups_.make_ahead(plan, inherited);
    for (auto& planned : plan.instances) fleet_.add(std::move(planned));
    control_ = std::make_unique<ControlServer>(
        loop_, home_.control_socket,
        [this](const std::string& line, ControlServer::Reply reply) { answer(line, reply); });
    signal_watch_ = loop_.when_readable(signals_.fd(), [this] { take_signals(); });
  }

  int run(const std::vector<RecordedInstance>& inherited) {
    is_settling_ = true;  // one record of all that is taken over, not one that misses the rest
    std::set<const Supervised*> known;
    for (const auto& past : inherited)
      if (auto* const instance = fleet_.find(past.daemon, past.index);
          instance && instance->inherit(past))
        known.insert(instance);
    const auto wanted = fleet_.chosen(options_.targets, Fleet::Reach::with_dependencies);
    if (!options_.targets.empty()) hold(wanted, false);
    for (auto* const instance : wanted) {
      if (is_held(*instance))
        log::info("supervisor", "instance stays stopped, as asked for",
                  {{"name", instance->planned().name}});
      else if (!known.contains(instance))
        events_.emplace_back(instance, Event::start);
    }
    is_settling_ = false;
    say_upward_when_up();
    settle();
    ::malloc_trim(0);  // what the file and the plan have taken
    loop_.run();
    control_->flush(real_clock().steady() + last_replies_time);
    return exit_code_;
  }

  [[nodiscard]] bool has_kept_children() const { return is_keeping_; }

 private:
  using Tell = std::function<void(std::string)>;

  void say_upward_when_up() {
    if (!upward_.is_wanted()) return;
    wait_for(fleet_.chosen(options_.targets, Fleet::Reach::with_dependencies),
             {.targets = options_.targets}, [this](const std::string&) { upward_.ready(); });
  }

  void feed(Supervised& instance, Event event) {
    events_.emplace_back(&instance, event);
    settle();
  }

  // Events are taken one after the other: handling one may cause the next. Called again from
  // within, it leaves the rest to the outer call.
  void settle() {
    if (std::exchange(is_settling_, true)) return;
    do {
      do {
        while (!events_.empty()) {
          const auto [instance, event] = events_.front();
          events_.pop_front();
          take(*instance, event);
        }
      } while (launches_.perform());
      look_around();
    } while (!events_.empty());
    for (auto* const instance : std::exchange(touched_, {})) instance->arm_timer();
    is_settling_ = false;
  }

  // The boundary of one daemon: what goes wrong here must not take the others down.
  void take(Supervised& instance, Event event) {
    const auto before = instance.instance().state;
    touched_.push_back(&instance);
    instance.set_excuse(fleet_.has_excuse(instance, real_clock().steady()));
    try {
      for (const auto action : instance.handle(event)) {
        if (action == Action::launch) launches_.add(instance);
        if (action == Action::give_up) begin_shutdown(1);
      }
    } catch (const std::exception& problem) {
      log::error("supervisor", "event of an instance not handled",
                 {{"name", instance.planned().name},
                  {"event", std::string(name_of(event))},
                  {"why", problem.what()}});
    }
    if (instance.instance().state == before) return;
    event_stream_.tell(instance, before);
    if (is_shutting_down_ && instance.is_settled_down()) groups_.remove(instance.mark().cgroup);
  }

  // After each burst of events: what has become possible?
  void look_around() {
    for (const auto& instance : fleet_)
      if (!is_shutting_down_ && instance->instance().state == State::waiting &&
          instance->is_settled_down() && fleet_.may_start(*instance))
        events_.emplace_back(instance.get(), Event::dependencies_met);
    if (!events_.empty()) return;
    if (const auto is_good = fleet_.has_ended_well();
        is_good && options_.is_foreground && !is_shutting_down_) {
      log::warn("supervisor", "nothing is left to run", {{"ended_well", *is_good}});
      begin_shutdown(*is_good ? 0 : 1);
    }
    if (is_shutting_down_) go_on_stopping();
    if (fleet_.has_gone()) loop_.post([this] { remove_retired(); });
    waiters_.look(fleet_);
    recorder_.look();
    upward_.look_at(fleet_.all());
  }

  // In a turn of its own: this one may come from one of them.
  void remove_retired() {
    for (const auto* const gone : fleet_.remove_retired()) waiters_.forget(gone);
    waiters_.look(fleet_);
    recorder_.look();
  }

  void take_signals() {
    bool has_child_ended = false;
    while (const auto signal = signals_.take()) {
      if (*signal == SIGCHLD) {
        has_child_ended = true;
      } else if (*signal == SIGTERM || *signal == SIGINT) {
        log::info("supervisor", "asked to stop", {{"signal", process::signal_name(*signal)}});
        begin_shutdown(0);
        settle();
      } else {
        reload_by_signal();
      }
    }
    if (has_child_ended && !is_reap_posted_) reap();  // or each would begin a chain of turns
  }

  void reap() {
    is_settling_ = true;  // one look around for all that have ended, not one for each
    is_reap_posted_ = !fleet_.reap();
    is_settling_ = false;
    settle();
    if (is_reap_posted_) loop_.post([this] { reap(); });
  }

  void begin_shutdown(int exit_code) {
    exit_code_ = std::max(exit_code_, exit_code);
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
        case Command::status: return reply(status_answer(targets));
        case Command::wait_until_up: wait_for(std::move(targets), request, reply); break;
        case Command::reload: return change(plan_reload(present()), request, reply);
        case Command::scale:
          return change(plan_scale(present(), request.targets[0], request.instances), request,
                        reply);
        case Command::start: return begin(std::move(targets), Event::start, request, reply);
        case Command::restart: return begin(std::move(targets), Event::restart, request, reply);
        case Command::stop: return begin(std::move(targets), Event::stop, request, reply);
        case Command::signal:
          for (auto* const target : targets)
            if (target->pid() > 0) target->send(request.signal);
          return reply(done_answer());
        case Command::events: return event_stream_.add(reply, request.targets);
        case Command::shutdown:
          log::info("supervisor", "asked to stop", {{"by", "control"}});
          if (request.is_keeping) return leave_children(reply);
          begin_shutdown(0);
          reply(stopping_answer(fleet_.stop_time()));
      }
      settle();
    } catch (const std::exception& problem) {
      reply(refusal(problem.what()));
    }
  }

  void begin(std::vector<Supervised*> targets, Event event, const Request& request,
             const Tell& reply) {
    if (is_shutting_down_) return reply(refusal("the supervisor is stopping"));
    const auto goal = event == Event::stop ? Waiter::Goal::down : Waiter::Goal::up;
    if (request.is_waiting)
      waiters_.add({targets, goal, reply});
    else
      reply(done_answer());
    for (auto* const target : targets) events_.emplace_back(target, event);
    hold(targets, event == Event::stop);
    settle();
  }

  bool is_held(const Supervised& instance) const {
    return wishes_.now().is_stopped(instance.planned().daemon, instance.planned().index);
  }

  // Stopped, or not, until a person says otherwise.
  void hold(const std::vector<Supervised*>& targets, const bool is_stop) {
    auto wishes = wishes_.now();
    for (const auto* const target : targets)
      wishes.set_stopped(target->planned().daemon, target->planned().index, is_stop);
    wishes_.set(std::move(wishes));
  }

  // What a person keeps stopped is not waited for, unless it was named.
  void wait_for(std::vector<Supervised*> targets, const Request& request, const Tell& reply) {
    std::vector<std::string> held;
    for (const auto* const target : targets)
      if (request.targets.empty() && is_held(*target)) held.push_back(target->planned().name);
    if (!held.empty())
      std::erase_if(targets, [this](const auto* target) { return is_held(*target); });
    waiters_.add({std::move(targets), Waiter::Goal::up,
                  [held, reply](const auto& line) { reply(with_list(line, "held", held)); }});
  }

  Present present() const {
    return {.config = config_,
            .wishes = wishes_.now(),
            .fleet = fleet_,
            .program_folder = options_.program_folder};
  }

  void change(NewPlan plan, const Request& request, const Tell& reply) {
    if (is_shutting_down_) return reply(refusal("the supervisor is stopping"));
    std::vector<std::string> sentences;
    for (const auto& each : plan.changes) sentences.push_back(sentence_of(each));
    const auto tell = [sentences, reply](const std::string& line) {
      reply(with_list(line, "plan", sentences));
    };
    if (request.is_dry_run) return tell(done_answer());
    const auto events = carry_out(plan, fleet_);
    config_ = std::move(plan.config);
    if (request.command == Request::Command::reload) event_stream_.tell("reloaded");
    wishes_.set(std::move(plan.wishes));
    std::vector<Supervised*> started;
    for (const auto& [instance, event] : events)
      if (event != Event::stop) started.push_back(instance);
    events_.insert(events_.end(), events.begin(), events.end());
    if (request.is_waiting)
      waiters_.add({std::move(started), Waiter::Goal::up, tell});
    else
      tell(done_answer());
    settle();
  }

  void reload_by_signal() {
    log::info("supervisor", "asked to reload", {{"signal", "HUP"}});
    upward_.reloading();
    try {
      change(plan_reload(present()), {.command = Request::Command::reload},
             [this](const std::string&) { upward_.ready(); });
    } catch (const std::exception& problem) {
      log::error("supervisor", "not reloaded", {{"why", problem.what()}});
      upward_.ready();
    }
  }

  void leave_children(const ControlServer::Reply& reply) {
    if (!recorder_.write())
      return reply(refusal("the next supervisor would not know what runs: " + home_.state_file +
                           " cannot be written, is the disk full? Nothing was ended"));
    is_keeping_ = true;
    reply(done_answer());
    loop_.stop();
  }

  const SupervisorOptions& options_;
  config::Config config_;  // as the file was read last
  KeptWishes wishes_;
  const Home& home_;
  Loop loop_;
  LogFiles log_files_;
  process::SignalWatch signals_;
  LogThread log_thread_;
  Groups groups_{home_.cgroup};
  Surroundings surroundings_;
  Fleet fleet_{surroundings_, [this](Supervised& instance, Event event) { feed(instance, event); }};
  Recorder recorder_{loop_, fleet_, home_.state_file};
  Waiters waiters_{loop_, [this] { recorder_.catch_up(); }};
  std::deque<std::pair<Supervised*, Event>> events_;
  std::vector<Supervised*> touched_;
  Launches launches_;
  bool is_settling_ = false, is_reap_posted_ = false;
  bool is_shutting_down_ = false, is_keeping_ = false;
  int exit_code_ = 0;
  EventStream event_stream_;
  Upward upward_{loop_};
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
