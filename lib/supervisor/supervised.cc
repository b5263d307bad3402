#include "supervisor/supervised.h"

#include <unistd.h>

#include <csignal>

#include "base/error.h"
#include "base/held_log.h"
#include "base/log.h"
#include "process/cgroup.h"
#include "process/signals.h"
#include "supervisor/changes.h"
#include "supervisor/child_setup.h"

namespace daemonz::supervisor {
namespace {

constexpr Milliseconds early_death_time(200);  // of an interpreter on a busy machine

std::string describe(const process::ExitStatus& status) {
  if (status.signal) return "killed by " + process::signal_name(*status.signal);
  if (!status.exit_code) return "exit code not known: it was adopted";
  return "exit code " + std::to_string(*status.exit_code);
}

bool is_forking(const config::Daemon& daemon) {
  return daemon.type == config::Daemon::Type::forking;
}

std::string first_of(const std::vector<std::string>& texts) {
  return texts.empty() ? std::string() : texts.front();
}

}  // namespace

Supervised::Supervised(const Surroundings& surroundings, PlannedInstance planned, Feed feed)
    : surroundings_(surroundings),
      planned_(std::move(planned)),
      feed_(std::move(feed)),
      notify_(process::NotifySocket::open(surroundings.home.notify_folder + "/" +
                                          file_name_of(planned_.daemon, planned_.index) +
                                          ".sock")) {
  instance_.random = static_cast<std::uint32_t>(std::hash<std::string>{}(planned_.name)) | 1;
  notify_watch_ = surroundings_.loop.when_readable(notify_.fd(), [this] { take_notifications(); });
  open_streams();
}

// While something of it lives, it is the next supervisor's.
Supervised::~Supervised() {
  child_watch_.cancel();
  if (instance_.has_child) child_->detach();
}

void Supervised::forget() {
  for (auto* const stream : {&output_, &errors_})
    if (stream->sink) surroundings_.log_thread.remove(stream->sink);
}

// Both are made before an old one is let go: where one cannot be opened, nothing has changed.
void Supervised::open_streams() {
  const auto& log = planned_.config.log;
  auto output = make_sink(log.path, "");
  auto errors = log.stderr_path.empty() ? nullptr : make_sink(log.stderr_path, ".err");
  change(output_, std::move(output));
  change(errors_, std::move(errors));
}

std::shared_ptr<LogSink> Supervised::make_sink(const std::string& path, const char* suffix) const {
  const auto& log = planned_.config.log;
  return std::make_shared<LogSink>(
      LogSinkOptions{.pipe = surroundings_.home.io_folder + "/" +
                             file_name_of(planned_.daemon, planned_.index) + suffix,
                     .name = planned_.name,
                     .is_stamped = log.timestamp == config::LogFile::Timestamp::rfc3339,
                     .is_prefixed = log.has_prefix,
                     .is_announced = planned_.config.ready.kind == config::Ready::Kind::log},
      surroundings_.log_files.at(path, log));
}

void Supervised::change(Stream& stream, std::shared_ptr<LogSink> sink) {
  if (stream.sink) {
    surroundings_.log_thread.release(stream.sink);
    surroundings_.log_thread.wait_until_taken(*stream.sink);
    stream.watch.cancel();
  }
  stream = {.sink = std::move(sink), .watch = {}};
  if (!stream.sink) return;
  if (stream.sink->taken_fd() >= 0)
    stream.watch =
        surroundings_.loop.when_readable(stream.sink->taken_fd(), [this, of = stream.sink.get()] {
          of->forget_taken();
          look_for_line();
        });
  surroundings_.log_thread.add(stream.sink);
}

void Supervised::take_output() {
  for (auto* const stream : {&output_, &errors_})
    if (stream->sink) surroundings_.log_thread.wait_until_taken(*stream->sink);
}

std::uint64_t Supervised::dropped_bytes() const noexcept {
  return output_.sink->dropped() + (errors_.sink ? errors_.sink->dropped() : 0);
}

std::vector<Action> Supervised::handle(Event event) {
  const auto before = instance_.state;
  auto result = step(instance_, event, real_clock().steady(), planned_.policy);
  instance_ = std::move(result.instance);
  if (instance_.state != State::starting) {
    probe_.reset();
    searches_.clear();
  }
  if (search_ && instance_.state != State::starting) {
    search_.reset();  // what the machine takes for the child is the start command, which has ended
    feed_(*this, Event::exited_badly);
  }
  if (instance_.state != State::stopping) stop_command_.reset();
  if (before != instance_.state) say(before);
  if (event == Event::inherited_unready && instance_.state == State::starting) begin_readiness();
  watch_over();
  if (next_ && is_settled_down()) apply(std::move(*std::exchange(next_, nullptr)));
  std::vector<Action> for_supervisor;
  for (const auto action : result.actions) {
    switch (action) {
      case Action::stop_tree: stop_tree(); break;
      case Action::kill_tree: kill_tree(); break;
      case Action::launch:
      case Action::check_dependencies:
      case Action::give_up: for_supervisor.push_back(action); break;
    }
  }
  return for_supervisor;
}

void Supervised::say(State before) {
  const auto& name = planned_.name;
  switch (instance_.state) {
    case State::running:
      log::info("supervisor", "instance ready",
                {{"name", name}, {"pid", pid()}, {"restarts", instance_.restarts}});
      break;
    case State::adopted:
      log::info("supervisor", "instance adopted", {{"name", name}, {"pid", pid()}});
      break;
    case State::unhealthy:
      log::warn("supervisor", "instance is unhealthy", {{"name", name}, {"pid", pid()}});
      break;
    case State::stopping:
      if (instance_.is_stopped_for_failure)
        log::warn("supervisor", "instance is replaced", {{"name", name}, {"why", why_}});
      break;
    case State::backoff:
      log::warn("supervisor", "instance failed, is tried again",
                {{"name", name}, {"why", why_}, {"failures", instance_.failures_in_row}});
      break;
    case State::fatal:
      log::error("supervisor", "instance given up", {{"name", name}, {"why", why_}});
      break;
    case State::exited:
      log::info("supervisor", "instance ended", {{"name", name}, {"why", why_}});
      break;
    case State::killing:
      if (before == State::starting)
        why_ = (is_forking(planned_.config) && !has_found_main_
                    ? "no pid file (" + first_of(planned_.config.pid_files) + ") named it within "
                    : "not ready within ") +
               to_string(planned_.policy.ready_timeout);
      else if (instance_.is_stopped_for_failure && before != State::stopping)
        why_ = "no WATCHDOG=1 in time";
      log::warn("supervisor", "instance is killed", {{"name", name}, {"pid", mark_.leader.pid}});
      break;
    default:
      log::debug("supervisor", "instance state",
                 {{"name", name}, {"state", name_of(instance_.state)}});
  }
}

std::optional<SteadyTime> Supervised::up_from() const {
  if (!instance_.is_ready || !instance_.ready_since) return {};
  return *instance_.ready_since +
         (planned_.policy.is_ready_when_launched ? early_death_time : Milliseconds(0));
}

ChildOutput Supervised::open_output() const {
  return {.output = output_.sink->open_for_child(),
          .errors = errors_.sink ? errors_.sink->open_for_child() : UniqueFd()};
}

process::LaunchOptions Supervised::options_for(const std::vector<std::string>& argv,
                                               const ChildOutput& to) const {
  auto options = child_options({.planned = planned_,
                                .mark = mark_,
                                .notify_address = notify_.address(),
                                .open_files = surroundings_.open_files});
  options.argv = argv;
  options.stdout_fd = to.output.get();
  options.stderr_fd = to.errors.is_open() ? to.errors.get() : to.output.get();
  return options;
}

process::Child Supervised::start_process(const std::vector<std::string>& argv) const {
  const auto output = open_output();
  return process::launch(options_for(argv, output));
}

ChildOutput Supervised::prepare_launch() {
  take_output();  // what an earlier run has left in the pipe belongs before this run's lines
  for (auto* const stream : {&output_, &errors_})
    if (stream->sink) stream->run_offset = stream->sink->offset();
  while (notify_.receive()) continue;  // nor does an earlier run's READY=1 count for this one
  const auto last_group = std::exchange(mark_, {}).cgroup;
  if (has_whole_tree()) {
    mark_.token = process::new_tree_token(surroundings_.home.token_prefix);
    // Nobody was killed in the last one, and nothing is left in it: it is as good as a fresh one.
    const bool is_clean = !is_inherited_ && !has_killed_group_ && process::is_leaf(last_group);
    mark_.cgroup =
        is_clean ? last_group : surroundings_.groups.fresh(planned_.daemon, planned_.index);
  }
  has_killed_group_ = false;
  is_inherited_ = false;
  if (is_forking(planned_.config)) remove_stale_pid_files(planned_.config);
  child_watch_.cancel();
  return open_output();
}

process::LaunchOptions Supervised::launch_options(const ChildOutput& to) const {
  return options_for(planned_.config.command, to);
}

void Supervised::take_launched(process::Child child) {
  child_.emplace(std::move(child));
  has_found_main_ = false;
  mark_.leader = process::identity_of(child_->pid()).value_or(process::Identity{});
  fingerprint_ = fingerprint_of(planned_.config);
  launched_at_ = real_clock().steady();
  status_text_.clear();
  is_reloading_ = false;
  child_watch_ = surroundings_.loop.when_readable(child_->pidfd(), [this] { child_ended(); });
  log::info("supervisor", "instance started",
            {{"name", planned_.name}, {"pid", child_->pid()}, {"restarts", instance_.restarts}});
  feed_(*this, Event::launched);
  // Only now: what is ready at once is told after its launch, before which it would mean nothing.
  if (!is_forking(planned_.config)) begin_readiness();
}

void Supervised::take_failed_launch(std::string why) {
  child_watch_.cancel();
  child_.reset();
  why_ = std::move(why);
  has_ended_well_ = false;
  mark_.leader = {};
  feed_(*this, Event::launch_failed);
}

void Supervised::search_main() {
  search_ = std::make_unique<MainSearch>(
      surroundings_.loop, planned_.config, mark_,
      [this](const process::Identity& main) { take_main(main); },
      [this] {
        search_.reset();
        why_ =
            "it has ended before a pid file named it (" + first_of(planned_.config.pid_files) + ")";
        feed_(*this, Event::exited_badly);
      });
}

// We are its parent by now (a subreaper), so from here on it is a child like any other.
void Supervised::take_main(const process::Identity& main) {
  auto pidfd = process::open_pidfd(main);
  search_.reset();
  if (!pidfd.is_open()) return search_main();  // it has ended just now
  has_found_main_ = true;
  child_.emplace(main.pid, std::move(pidfd));
  mark_.leader = main;
  child_watch_ = surroundings_.loop.when_readable(child_->pidfd(), [this] { child_ended(); });
  log::info("supervisor", "main process found", {{"name", planned_.name}, {"pid", main.pid}});
  if (planned_.config.ready.kind == config::Ready::Kind::started) feed_(*this, Event::ready);
  begin_readiness();
}

bool Supervised::take_ended(pid_t pid) {
  if ((probe_ && probe_->take_ended(pid)) || (health_ && health_->take_ended(pid))) return true;
  if (stop_command_ && stop_command_->is_running() && stop_command_->pid() == pid) {
    stop_command_->look();
    return true;
  }
  if (this->pid() != pid) return false;
  child_ended();
  return true;
}

void Supervised::child_ended() {
  const log::Held held;  // the next one's start does not wait for words about this one's end
  if (!child_ || !instance_.has_child || search_) return;
  const auto status = child_->wait(real_clock().steady());
  if (!status) return;
  child_watch_.cancel();
  take_output();
  const bool is_start_command = is_forking(planned_.config) && !has_found_main_;
  if (is_start_command && status->is_success() && instance_.state == State::starting)
    return search_main();
  const bool was_asked = instance_.state == State::stopping || instance_.state == State::killing;
  if (!was_asked || !instance_.is_stopped_for_failure)
    why_ = (is_start_command ? "start command: " : "") + describe(*status);
  log::info("supervisor", "child ended",
            {{"name", planned_.name}, {"pid", child_->pid()}, {"why", describe(*status)}});
  has_ended_well_ = status->is_success();
  feed_(*this, status->is_success() ? Event::exited_well : Event::exited_badly);
}

// A child that has become another user (setuid) may be out of reach: no reason to go down with it.
void Supervised::send(int signal) {
  try {
    child_->signal(signal);
  } catch (const Error& problem) {
    log::error("supervisor", "instance cannot be signalled",
               {{"name", planned_.name}, {"why", problem.what()}});
  }
}

void Supervised::stop_tree() {
  const auto& stop = planned_.config.stop;
  if (stop_command_ && stop_command_->is_running()) return;  // what it has to say comes first
  if (stop.command.empty() || !instance_.has_child || stop_command_) return signal_stop();
  try {
    stop_command_ = std::make_unique<StopCommand>(
        surroundings_.loop, start_process(stop.command),
        StopCommandOptions{
            .name = planned_.name, .timeout = stop.timeout, .grace = stop.delay_before_signal},
        [this] { signal_stop(); });
  } catch (const Error& problem) {
    log::error("supervisor", "stop command cannot be started",
               {{"name", planned_.name}, {"why", problem.what()}});
    signal_stop();
  }
}

void Supervised::signal_stop() {
  const int signal = planned_.config.stop.signal;
  if (instance_.has_child) {
    send(signal);
    send(SIGCONT);  // a stopped process could not even hear it
    return;
  }
  if (is_tree_empty()) return let_go_of_tree();
  for (const int each : {signal, SIGCONT}) {
    if (has_whole_tree())
      process::signal_tree(mark_, each);
    else if (planned_.config.stop.kill == config::Stop::Kill::group)
      process::signal_group(mark_.leader, each);
  }
  look_at_tree();
}

void Supervised::kill_tree() {
  if (!instance_.has_child && instance_.has_tree && is_tree_empty()) return let_go_of_tree();
  if (!mark_.cgroup.empty()) {
    process::kill_cgroup(mark_.cgroup);
    has_killed_group_ = true;
  } else if (has_whole_tree()) {
    process::signal_tree(mark_, SIGKILL);
  } else if (planned_.config.stop.kill == config::Stop::Kill::group) {
    process::signal_group(mark_.leader, SIGKILL);
  }
  if (instance_.has_child) send(SIGKILL);
  look_at_tree();
}

void Supervised::arm_timer() {
  if (instance_.timer == armed_for_) return;
  armed_for_ = instance_.timer;
  timer_watch_.cancel();
  if (!armed_for_) return;
  timer_watch_ = surroundings_.loop.at(*armed_for_, [this] {
    armed_for_.reset();
    feed_(*this, Event::timer);
  });
}

std::string Supervised::last_lines(int lines_max) const {
  auto lines = output_.sink->last_lines(output_.run_offset, lines_max);
  if (errors_.sink) lines += errors_.sink->last_lines(errors_.run_offset, lines_max);
  return lines;
}

}  // namespace daemonz::supervisor
