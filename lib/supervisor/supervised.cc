#include "supervisor/supervised.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <csignal>

#include "base/error.h"
#include "base/log.h"
#include "process/cgroup.h"
#include "process/launch.h"
#include "process/signals.h"

namespace daemonz::supervisor {
namespace {

constexpr Milliseconds early_death_time(200);  // of an interpreter on a busy machine
constexpr int groups_max = 256;                // of one user; more than a sane machine has
constexpr int parents_max = 64;                // between a notifying process and the supervisor

// The supervisor's own dealings with whoever started it are not the child's.
bool is_inherited(std::string_view key) {
  return key != "NOTIFY_SOCKET" && key != "WATCHDOG_USEC" && key != "WATCHDOG_PID" &&
         key != process::tree_variable && !key.starts_with("LISTEN_");
}

// Whether a notification can be from our trees: its sender descends from the supervisor, or has
// ended already, as the helper of a shell script has. The socket says which instance it speaks for.
bool may_speak(pid_t sender) {
  for (int generation = 0; sender > 0 && generation < parents_max; ++generation) {
    if (sender == ::getpid()) return true;
    const auto stat = process::stat_of(sender);
    if (!stat) return true;
    sender = stat->parent;
  }
  return false;
}

std::string describe(const process::ExitStatus& status) {
  if (status.signal) return "killed by " + process::signal_name(*status.signal);
  return "exit code " + std::to_string(status.exit_code.value_or(-1));
}

void set_user(const config::Daemon& daemon, process::LaunchOptions& options) {
  if (const auto* user = daemon.user.empty() ? nullptr : ::getpwnam(daemon.user.c_str())) {
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

}  // namespace

Supervised::Supervised(const Surroundings& surroundings, PlannedInstance planned, Feed feed)
    : surroundings_(surroundings),
      planned_(std::move(planned)),
      feed_(std::move(feed)),
      notify_(process::NotifySocket::open(surroundings.home.notify_folder + "/" + planned_.daemon +
                                          "." + std::to_string(planned_.index) + ".sock")) {
  instance_.random = static_cast<std::uint32_t>(std::hash<std::string>{}(planned_.name)) | 1;
  notify_watch_ = surroundings_.loop.when_readable(notify_.fd(), [this] { take_notifications(); });
  const auto& log = planned_.config.log;
  output_ = open_stream(log.path, "");
  if (!log.stderr_path.empty()) errors_ = open_stream(log.stderr_path, ".err");
}

// While something of it lives, its pipe is the next supervisor's.
Supervised::~Supervised() {
  if (!is_settled_down()) return;
  for (auto* const stream : {&output_, &errors_})
    if (stream->sink) stream->sink->remove();
}

Supervised::Stream Supervised::open_stream(const std::string& path, const char* suffix) const {
  const auto& log = planned_.config.log;
  Stream stream;
  stream.sink = std::make_unique<LogSink>(
      LogSinkOptions{.pipe = surroundings_.home.io_folder + "/" + planned_.daemon + "." +
                             std::to_string(planned_.index) + suffix,
                     .name = planned_.name,
                     .is_stamped = log.timestamp == config::LogFile::Timestamp::rfc3339,
                     .is_prefixed = log.has_prefix},
      surroundings_.log_files.at(path, log));
  stream.watch = surroundings_.loop.when_readable(stream.sink->read_end(),
                                                  [sink = stream.sink.get()] { sink->take(); });
  return stream;
}

void Supervised::take_output() {
  for (auto* const stream : {&output_, &errors_})
    if (stream->sink) stream->sink->take();
}

std::uint64_t Supervised::dropped_bytes() const noexcept {
  return output_.sink->dropped() + (errors_.sink ? errors_.sink->dropped() : 0);
}

std::vector<Action> Supervised::handle(Event event) {
  const auto before = instance_.state;
  auto result = step(instance_, event, real_clock().steady(), planned_.policy);
  instance_ = std::move(result.instance);
  if (instance_.state != State::starting) probe_.reset();
  if (before != instance_.state) say(before);
  if (before == State::starting && instance_.state == State::running) arm_watchdog();
  if (!instance_.has_child) watchdog_watch_.cancel();
  std::vector<Action> for_supervisor;
  for (const auto action : result.actions) {
    switch (action) {
      case Action::launch: launch(); break;
      case Action::stop_tree: stop_tree(); break;
      case Action::kill_tree: kill_tree(); break;
      case Action::check_dependencies:
      case Action::give_up: for_supervisor.push_back(action); break;
    }
  }
  arm_timer();
  return for_supervisor;
}

void Supervised::say(State before) {
  const auto& name = planned_.name;
  switch (instance_.state) {
    case State::running:
      log::info("supervisor", "instance ready",
                {{"name", name}, {"pid", pid()}, {"restarts", instance_.restarts}});
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
        why_ = "not ready within " + to_string(planned_.policy.ready_timeout);
      else if (instance_.is_stopped_for_failure)
        why_ = "no WATCHDOG=1 in time";
      log::warn("supervisor", "instance is killed", {{"name", name}, {"pid", mark_.leader.pid}});
      break;
    default:
      log::debug("supervisor", "instance state",
                 {{"name", name}, {"state", name_of(instance_.state)}});
  }
}

std::map<std::string, std::string> Supervised::environment() const {
  std::map<std::string, std::string> env;
  for (char** entry = ::environ; *entry; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos && is_inherited(text.substr(0, equals)))
      env.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  for (const auto& [key, value] : planned_.config.env) env[key] = value;
  env["DAEMONZ_NAME"] = planned_.daemon;
  env["DAEMONZ_INDEX"] = std::to_string(planned_.index);
  env["DAEMONZ_INSTANCE"] = planned_.daemon + ":" + std::to_string(planned_.index);
  env["NOTIFY_SOCKET"] = notify_.address();
  env[process::tree_variable] = mark_.token;
  if (!mark_.cgroup.empty()) env["DAEMONZ_CGROUP"] = mark_.cgroup;
  if (planned_.config.watchdog)
    env["WATCHDOG_USEC"] = std::to_string(Microseconds(*planned_.config.watchdog).count());
  return env;
}

std::optional<SteadyTime> Supervised::up_from() const {
  if (!instance_.is_ready || !instance_.ready_since) return {};
  return *instance_.ready_since +
         (planned_.policy.is_ready_when_launched ? early_death_time : Milliseconds(0));
}

void Supervised::launch() {
  try {
    start_child();
  } catch (const Error& problem) {
    why_ = problem.what();
    has_ended_well_ = false;
    mark_.leader = {};
    feed_(*this, Event::launch_failed);
    return;
  }
  log::info("supervisor", "instance started",
            {{"name", planned_.name}, {"pid", child_->pid()}, {"restarts", instance_.restarts}});
  feed_(*this, Event::launched);
}

// A group is made anew for each run: after cgroup.kill, Linux 6.18 kills what is born into the same
// group by clone3 at once (measured; joining it by cgroup.procs is not hit, but costs a grace
// period). The instance lives in main, what it makes for its own runs lies beside it: v2 forbids
// processes in inner groups.
std::string Supervised::fresh_group() const {
  if (surroundings_.home.cgroup.empty()) return {};
  const auto group =
      surroundings_.home.cgroup + "/" + planned_.daemon + "." + std::to_string(planned_.index);
  if (!process::remove_cgroup(group) || !process::create_cgroup(group + "/main")) {
    log::warn("supervisor", "no cgroup for instance", {{"name", planned_.name}, {"group", group}});
    return {};
  }
  return group;
}

void Supervised::start_child() {
  const auto& daemon = planned_.config;
  take_output();  // what an earlier run has left in the pipe belongs before this run's lines
  for (auto* const stream : {&output_, &errors_})
    if (stream->sink) stream->run_offset = stream->sink->offset();
  while (notify_.receive()) continue;  // nor does an earlier run's READY=1 count for this one
  mark_ = {.token = process::new_tree_token(surroundings_.home.token_prefix)};
  process::LaunchOptions options;
  mark_.cgroup = fresh_group();
  if (!mark_.cgroup.empty()) options.cgroup = mark_.cgroup + "/main";
  options.argv = daemon.command;
  options.env = environment();
  options.working_folder = daemon.working_folder;
  const auto output = output_.sink->open_for_child();
  const auto errors = errors_.sink ? errors_.sink->open_for_child() : UniqueFd();
  options.stdout_fd = output.get();
  options.stderr_fd = errors.is_open() ? errors.get() : output.get();
  auto files = surroundings_.open_files;
  if (daemon.limits.nofile) {
    files.rlim_cur = *daemon.limits.nofile;
    files.rlim_max = std::max(files.rlim_max, files.rlim_cur);
  }
  options.limits.emplace_back(RLIMIT_NOFILE, files);
  options.nice = daemon.limits.nice;
  options.oom_score_adj = daemon.limits.oom_score_adj;
  if (daemon.umask) options.umask = static_cast<mode_t>(*daemon.umask);
  set_user(daemon, options);

  child_watch_.cancel();
  child_.emplace(process::launch(options));
  mark_.leader = process::identity_of(child_->pid()).value_or(process::Identity{});
  launched_at_ = real_clock().steady();
  status_text_.clear();
  child_watch_ = surroundings_.loop.when_readable(child_->pidfd(), [this] { child_ended(); });
  using Kind = config::Ready::Kind;
  if (daemon.ready.kind == Kind::tcp || daemon.ready.kind == Kind::unix_socket ||
      daemon.ready.kind == Kind::memcache)
    probe_ = std::make_unique<Probe>(surroundings_.loop, daemon.ready,
                                     [this] { feed_(*this, Event::ready); });
}

void Supervised::child_ended() {
  if (!child_ || !instance_.has_child) return;
  const auto status = child_->wait(real_clock().steady());
  if (!status) return;
  child_watch_.cancel();
  take_output();
  const bool was_asked = instance_.state == State::stopping || instance_.state == State::killing;
  if (!was_asked || !instance_.is_stopped_for_failure) why_ = describe(*status);
  log::info("supervisor", "child ended",
            {{"name", planned_.name}, {"pid", child_->pid()}, {"why", describe(*status)}});
  has_ended_well_ = status->is_success();
  feed_(*this, status->is_success() ? Event::exited_well : Event::exited_badly);
}

void Supervised::take_notifications() {
  while (const auto notification = notify_.receive()) {
    if (may_speak(notification->sender))
      act_on(*notification);
    else
      log::debug("supervisor", "notification from a stranger",
                 {{"name", planned_.name}, {"pid", notification->sender}});
  }
}

void Supervised::act_on(const process::Notification& notification) {
  if (const auto text = notification.fields.find("STATUS"); text != notification.fields.end())
    status_text_ = text->second;
  if (notification.has("WATCHDOG", "1")) arm_watchdog();
  if (notification.has("READY", "1") && instance_.state == State::starting &&
      planned_.config.ready.kind == config::Ready::Kind::notify)
    feed_(*this, Event::ready);
}

// A child that has become another user (setuid) may be out of reach: no reason to go down with it.
void Supervised::signal_child(int signal) {
  try {
    child_->signal(signal);
  } catch (const Error& problem) {
    log::error("supervisor", "instance cannot be signalled",
               {{"name", planned_.name}, {"why", problem.what()}});
  }
}

void Supervised::stop_tree() {
  const int signal = planned_.config.stop.signal;
  if (instance_.has_child) {
    signal_child(signal);
    signal_child(SIGCONT);  // a stopped process could not even hear it
    return;
  }
  process::signal_tree(mark_, signal);
  process::signal_tree(mark_, SIGCONT);
  look_at_tree();
}

void Supervised::kill_tree() {
  if (!mark_.cgroup.empty())
    process::kill_cgroup(mark_.cgroup);
  else
    process::signal_tree(mark_, SIGKILL);
  if (instance_.has_child) signal_child(SIGKILL);
  look_at_tree();
}

// The last process of a dead child's tree is our own child by then (we are a subreaper), so its end
// comes as SIGCHLD and nothing has to be polled.
void Supervised::look_at_tree() {
  if (instance_.has_child || !instance_.has_tree || !process::is_empty(mark_)) return;
  feed_(*this, Event::tree_empty);
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

void Supervised::arm_watchdog() {
  if (!planned_.config.watchdog || !instance_.has_child) return;
  watchdog_watch_ = surroundings_.loop.at(real_clock().steady() + *planned_.config.watchdog,
                                          [this] { feed_(*this, Event::watchdog_late); });
}

std::string Supervised::last_lines(int lines_max) const {
  auto lines = output_.sink->last_lines(output_.run_offset, lines_max);
  if (errors_.sink) lines += errors_.sink->last_lines(errors_.run_offset, lines_max);
  return lines;
}

}  // namespace daemonz::supervisor
