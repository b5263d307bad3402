// What is seen and heard of an instance that runs: readiness, notifications, watchdog, health,
// memory, and whether something of its tree is left. Not its starting and stopping: supervised.cc.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "process/cgroup.h"
#include "supervisor/pid_files.h"
#include "supervisor/supervised.h"

namespace daemonz::supervisor {
namespace {

constexpr int parents_max = 64;        // between a notifying process and the supervisor
constexpr Milliseconds first_look(5);  // at the tree of an adopted child that has ended
constexpr Milliseconds longest_look(200);
constexpr Microseconds extension_max = std::chrono::hours(24);  // who needs more asks again

bool is_up(State state) {
  return state == State::running || state == State::adopted || state == State::unhealthy;
}

// A pid or a number of microseconds in a notification. nullopt: it is not one.
std::optional<std::int64_t> number_in(const std::string& text) {
  if (text.empty() || text.size() > 18) return {};
  if (text.find_first_not_of("0123456789") != std::string::npos) return {};
  return std::stoll(text);
}

}  // namespace

void Supervised::begin_readiness() {
  const auto& ready = planned_.config.ready;
  using Kind = config::Ready::Kind;
  switch (ready.kind) {
    case Kind::started:
    case Kind::notify: return;
    case Kind::log:
      for (const auto* stream : {&output_, &errors_})
        if (stream->sink)
          searches_.emplace_back(ready.target, stream->sink->path(), stream->run_offset);
      return look_for_line();
    case Kind::tcp:
    case Kind::unix_socket:
    case Kind::memcache:
    case Kind::http:
    case Kind::exec:
      probe_ = std::make_unique<Probe>(
          surroundings_.loop,
          CheckOptions{.question = ready,
                       .start = [this] { return start_process(planned_.config.ready.command); }},
          [this] { feed_(*this, Event::ready); });
  }
}

void Supervised::look_for_line() {
  if (std::any_of(searches_.begin(), searches_.end(), [](auto& one) { return one.look(); })) {
    searches_.clear();
    feed_(*this, Event::ready);
  }
}

// A notification can be from our tree when its sender descends from the supervisor or from an
// adopted child, lives in its group, or has ended already, as the helper of a shell script has;
// then its user must be one of ours, since anybody may write to the socket and end. The socket says
// which instance it speaks for.
bool Supervised::may_speak(const process::Notification& notification) const {
  auto sender = notification.sender;
  if (is_inherited_ && !mark_.cgroup.empty()) {
    const auto members = process::processes_in(mark_.cgroup);
    if (std::find(members.begin(), members.end(), sender) != members.end()) return true;
  }
  for (int generation = 0; sender > 0 && generation < parents_max; ++generation) {
    if (sender == ::getpid() || (is_inherited_ && sender == mark_.leader.pid)) return true;
    const auto stat = process::stat_of(sender);
    if (!stat) return is_one_of_ours(notification.user);
    sender = stat->parent;
  }
  return false;
}

bool Supervised::is_one_of_ours(uid_t user) const {
  if (user == 0 || user == ::geteuid()) return true;
  struct stat main {};
  return pid() > 0 && ::stat(("/proc/" + std::to_string(pid())).c_str(), &main) == 0 &&
         main.st_uid == user;
}

void Supervised::take_notifications() {
  while (const auto notification = notify_.receive()) {
    if (may_speak(*notification))
      act_on(*notification);
    else
      log::debug("supervisor", "notification from a stranger",
                 {{"name", planned_.name}, {"pid", notification->sender}});
  }
}

void Supervised::act_on(const process::Notification& notification) {
  const auto& fields = notification.fields;
  if (const auto text = fields.find("STATUS"); text != fields.end()) status_text_ = text->second;
  if (const auto text = fields.find("MAINPID"); text != fields.end()) switch_main(text->second);
  if (const auto text = fields.find("EXTEND_TIMEOUT_USEC"); text != fields.end())
    if (const auto time = number_in(text->second)) {
      extend_time(instance_, real_clock().steady() + std::min(Microseconds(*time), extension_max));
      arm_timer();
    }
  if (notification.has("WATCHDOG", "1")) arm_watchdog();
  if (notification.has("WATCHDOG", "trigger")) feed_(*this, Event::watchdog_late);
  if (notification.has("READY", "1"))
    is_reloading_ = false;
  else if (notification.has("RELOADING", "1"))
    is_reloading_ = true;
  if (notification.has("READY", "1") && instance_.state == State::starting &&
      planned_.config.ready.kind == config::Ready::Kind::notify)
    feed_(*this, Event::ready);
}

// MAINPID: another process of the tree is the daemon from now on. The one that was started is an
// orphan of it then, which the reaping takes.
void Supervised::switch_main(const std::string& text) {
  const auto pid = number_in(text);
  if (!pid || !instance_.has_child || search_ || *pid == child_->pid()) return;
  const auto identity = process::identity_of(static_cast<pid_t>(*pid));
  const auto tree = process::processes_of(mark_);
  if (!identity || std::find(tree.begin(), tree.end(), *identity) == tree.end()) {
    log::warn("supervisor", "MAINPID is no process of the instance",
              {{"name", planned_.name}, {"pid", *pid}});
    return;
  }
  const auto stat = process::stat_of(identity->pid);
  const bool is_ours = stat && stat->parent == ::getpid();
  auto main = is_ours ? std::optional(process::Child(identity->pid, process::open_pidfd(*identity)))
                      : process::Child::inherit(*identity);
  if (!main || main->pidfd() < 0) return;  // it has ended just now
  child_watch_.cancel();
  child_->detach();
  child_ = std::move(main);
  mark_.leader = *identity;
  child_watch_ = surroundings_.loop.when_readable(child_->pidfd(), [this] { child_ended(); });
  log::info("supervisor", "main process is another one",
            {{"name", planned_.name}, {"pid", identity->pid}});
}

// Begins and ends what is watched, as the state wants it.
void Supervised::watch_over() {
  const bool is_up_now = instance_.has_child && is_up(instance_.state);
  const bool was_up = std::exchange(was_up_, is_up_now);
  if (!instance_.has_child) watchdog_watch_.cancel();
  if (is_up_now == was_up) return;
  health_.reset();
  memory_.reset();
  if (!is_up_now) return;
  begin_health();
  begin_memory();
  arm_watchdog();
}

void Supervised::begin_health() {
  const auto& health = planned_.config.health;
  if (!health) return;
  health_ = std::make_unique<HealthWatch>(
      surroundings_.loop, *health,
      [this] { return start_process(planned_.config.health->check.command); },
      [this](int failures) {
        if (failures == 0) return feed_(*this, Event::healthy);
        why_ = "its health check has failed " + std::to_string(failures) + " times in a row";
        feed_(*this, Event::unhealthy);
        const auto& rules = *planned_.config.health;
        if (rules.policy == config::Health::Policy::keep || failures < rules.failures) return;
        feed_(*this, Event::unfit);
      });
}

void Supervised::begin_memory() {
  const auto& limit = planned_.config.limits.memory;
  if (!limit) return;
  memory_ = std::make_unique<MemoryWatch>(
      surroundings_.loop, mark_, *limit, [this, limit = *limit](Bytes used) {
        why_ =
            "it uses " + to_string(used) + " of memory, more than its limit of " + to_string(limit);
        feed_(*this, Event::unfit);
      });
}

void Supervised::arm_watchdog() {
  if (!planned_.config.watchdog || !instance_.has_child) return;
  watchdog_watch_ = surroundings_.loop.at(real_clock().steady() + *planned_.config.watchdog,
                                          [this] { feed_(*this, Event::watchdog_late); });
}

// Group or process: what is not to be ended with it must not be found by a mark or a group either.
bool Supervised::has_whole_tree() const {
  return planned_.config.stop.kill == config::Stop::Kill::tree ||
         planned_.config.stop.kill == config::Stop::Kill::cgroup;
}

bool Supervised::is_tree_empty() const {
  if (has_whole_tree()) return process::is_empty(mark_);
  return planned_.config.stop.kill == config::Stop::Kill::process ||
         process::is_group_empty(mark_.leader);
}

// The last process of a dead child's tree is our own child by then (we are a subreaper), so its end
// comes as SIGCHLD and nothing has to be polled. What an adopted child left behind is init's: it is
// looked for again, a moment long.
void Supervised::look_at_tree() {
  if (instance_.has_child || !instance_.has_tree) return;
  if (is_tree_empty()) return let_go_of_tree();
  if (is_inherited_) look_again(first_look);
}

void Supervised::let_go_of_tree() {
  tree_watch_.cancel();
  // It may lie where nobody makes groups any more: where an earlier supervisor was started.
  if (is_inherited_ && !mark_.cgroup.empty()) process::remove_cgroup(mark_.cgroup);
  if (planned_.config.type == config::Daemon::Type::forking)
    remove_stale_pid_files(planned_.config);
  feed_(*this, Event::tree_empty);
}

void Supervised::look_again(Milliseconds pause) {
  tree_watch_ = surroundings_.loop.at(real_clock().steady() + pause, [this, pause] {
    if (instance_.has_child || !instance_.has_tree) return;
    if (is_tree_empty()) return look_at_tree();
    look_again(std::min(pause * 2, longest_look));
  });
}

}  // namespace daemonz::supervisor
