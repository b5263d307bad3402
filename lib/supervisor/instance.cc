#include "supervisor/instance.h"

#include <algorithm>
#include <cmath>

#include "supervisor/transitions.h"

namespace daemonz::supervisor {
namespace {

using R = Reaction;

constexpr Milliseconds second_delay(1000);  // the backoff's first step where `delay` is 0
constexpr Milliseconds kill_again(1000);    // a tree that forks faster than it is swept

// xorshift32 (Marsaglia 2003): jitter needs no more, and the state stays in the instance.
double next_random(std::uint32_t& state) {
  state = state == 0 ? 1 : state;
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return static_cast<double>(state) / 4294967296.0;
}

struct Machine {
  Instance& it;
  std::vector<Action>& actions;
  SteadyTime now;
  const Policy& policy;

  void act(Action action) { actions.push_back(action); }
  bool is_live() const { return it.has_child || it.has_tree; }

  void want() {
    it.is_wanted = true;
    it.is_stopped_for_failure = false;
  }

  void wait_for_dependencies() {
    it.state = State::waiting;
    it.timer = is_live() ? std::optional(now + kill_again) : std::nullopt;
    if (!is_live()) act(Action::check_dependencies);
  }

  // A start by a person forgets earlier failures.
  void begin() {
    want();
    it.was_ready = false;
    it.failures_in_row = 0;
    it.restarts = 0;
    it.recent.clear();
    wait_for_dependencies();
  }

  // Not wanted any more, and nothing to signal: what still lives is being ended already.
  void rest() {
    it.is_wanted = false;
    it.is_stopped_for_failure = false;
    if (it.state == State::stopping || it.state == State::killing) return;
    it.state = State::stopped;
    it.timer = is_live() ? std::optional(now + kill_again) : std::nullopt;
  }

  void try_launch() {
    if (is_live()) return;
    it.state = State::starting;
    it.timer.reset();
    it.is_ready = false;
    it.ready_since.reset();
    act(Action::launch);
  }

  void note_child() {
    if (it.has_child) return;
    it.has_child = it.has_tree = true;
    if (policy.is_ready_when_launched) return become_ready();
    it.timer = now + policy.ready_timeout;
  }

  // A child that nobody has asked for in this state: it must not live.
  void stray() {
    it.has_child = it.has_tree = true;
    it.is_ready = false;
    kill();
  }

  void become_ready() {
    if (!it.has_child) return;
    it.state = State::running;
    it.is_ready = it.was_ready = true;
    it.ready_since = now;
    it.timer.reset();
  }

  void become_unhealthy() {
    it.state = State::unhealthy;
    it.is_ready = false;
  }

  void recover() {
    it.state = State::running;
    it.is_ready = true;
  }

  void child_is_gone() {
    it.has_child = false;
    it.is_ready = false;
    if (it.has_tree) act(Action::kill_tree);  // what it left behind must not meet its successor
  }

  void end_well() {
    if (!it.has_child) return;
    if (policy.restart == RestartPolicy::always) return fail();
    child_is_gone();
    it.state = State::exited;
    it.timer = it.has_tree ? std::optional(now + kill_again) : std::nullopt;
  }

  void fail() {
    if (!it.has_child) return;
    child_is_gone();
    count_failure();
  }

  // It has never run since `start`: the program is missing, and trying again changes nothing.
  void fail_launch() {
    if (it.has_child) return;
    it.has_tree = it.is_ready = false;
    if (it.was_ready) return count_failure();
    give_up();
  }

  void give_up() {
    it.state = State::fatal;
    it.timer = is_live() ? std::optional(now + kill_again) : std::nullopt;
    if (policy.is_vital) act(Action::give_up);
  }

  void count_failure() {
    if (policy.restart == RestartPolicy::never) {
      it.state = State::exited;
      it.timer = is_live() ? std::optional(now + kill_again) : std::nullopt;
      if (policy.is_vital) act(Action::give_up);
      return;
    }
    if (it.ready_since && now - *it.ready_since >= policy.reset_after) it.failures_in_row = 0;
    std::erase_if(it.recent, [this](SteadyTime at) { return now - at > policy.within; });
    if (!it.has_excuse) {
      if (policy.limit > 0 && it.recent.size() >= static_cast<std::size_t>(policy.limit))
        return give_up();
      if (policy.limit > 0) it.recent.push_back(now);  // so there are never more than `limit`
    }
    it.failures_in_row = std::min(it.failures_in_row + 1, 1'000'000);
    it.state = State::backoff;
    const auto delay = restart_delay(policy, it.failures_in_row);
    const double spread = 1 + policy.jitter * (2 * next_random(it.random) - 1);
    it.retry_at = now + std::chrono::duration_cast<Microseconds>(delay * spread);
    it.timer = it.retry_at;
  }

  void retry() {
    if (is_live()) return sweep();
    ++it.restarts;
    wait_for_dependencies();
  }

  void lose_child() {
    if (it.has_child) child_is_gone();
  }

  void lose_child_stopping() {
    it.has_child = it.is_ready = false;
    if (it.has_tree) act(Action::stop_tree);  // the rest is asked too, and has the rest of the time
  }

  void begin_stop() {
    it.is_wanted = false;
    stop_now();
  }

  void restart() {
    it.is_wanted = true;
    stop_now();
  }

  void stop_now() {
    it.is_stopped_for_failure = false;
    it.is_ready = false;
    it.state = State::stopping;
    if (!is_live()) return finish_stop();
    it.timer = now + policy.stop_timeout;
    act(Action::stop_tree);
  }

  void kill() {
    it.state = State::killing;
    it.is_ready = false;
    it.timer = now + kill_again;
    act(Action::kill_tree);
  }

  void kill_failed() {
    if (!is_live()) return;
    it.is_stopped_for_failure = true;
    kill();
  }

  // It may finish what it has in hand, and its end counts as a failure: or it would be replaced
  // without end.
  void replace() {
    if (!it.has_child) return;
    stop_now();
    it.is_stopped_for_failure = true;
  }

  void adopt() {
    if (is_live()) return;
    it.is_wanted = true;
    it.has_child = it.has_tree = true;
    become_ready();
    it.state = State::adopted;
  }

  // Whether it has said so while nobody listened is not known: it gets the time of a new one.
  void adopt_unready() {
    if (is_live()) return;
    it.is_wanted = true;
    it.state = State::starting;
    note_child();
  }

  void adopt_done() {
    if (is_live()) return;
    it.is_wanted = true;
    it.state = State::exited;
  }

  void finish_stop() {
    if (it.has_child) return;
    it.has_tree = false;
    it.timer.reset();
    if (it.is_wanted && it.is_stopped_for_failure) {
      it.is_stopped_for_failure = false;
      return count_failure();
    }
    if (it.is_wanted) return begin();
    it.state = State::stopped;
  }

  void clear_tree() {
    if (it.has_child) return;
    it.has_tree = false;
    it.timer.reset();
    if (it.state != State::backoff) return;
    if (it.retry_at <= now) return retry();
    it.timer = it.retry_at;
  }

  void recheck() {
    if (it.has_child) return;
    it.has_tree = false;
    wait_for_dependencies();
  }

  void sweep() {
    it.timer = is_live() ? std::optional(now + kill_again) : std::nullopt;
    if (is_live()) act(Action::kill_tree);
  }

  void react(Reaction reaction) {
    switch (reaction) {
      case R::ignore: return;
      case R::want: return want();
      case R::begin: return begin();
      case R::rest: return rest();
      case R::try_launch: return try_launch();
      case R::stray: return stray();
      case R::note_child: return note_child();
      case R::fail_launch: return fail_launch();
      case R::become_ready: return become_ready();
      case R::become_unhealthy: return become_unhealthy();
      case R::recover: return recover();
      case R::end_well: return end_well();
      case R::fail: return fail();
      case R::lose_child: return lose_child();
      case R::begin_stop: return begin_stop();
      case R::restart: return restart();
      case R::lose_child_stopping: return lose_child_stopping();
      case R::finish_stop: return finish_stop();
      case R::clear_tree: return clear_tree();
      case R::recheck: return recheck();
      case R::kill: return kill();
      case R::kill_failed: return kill_failed();
      case R::replace: return replace();
      case R::adopt: return adopt();
      case R::adopt_unready: return adopt_unready();
      case R::adopt_done: return adopt_done();
      case R::retry: return retry();
      case R::sweep: return sweep();
    }
  }
};

}  // namespace

Step step(Instance instance, Event event, SteadyTime now, const Policy& policy) {
  Step result{.instance = std::move(instance), .actions = {}};
  if (event == Event::timer && (!result.instance.timer || now < *result.instance.timer))
    return result;
  Machine machine{result.instance, result.actions, now, policy};
  machine.react(transitions[static_cast<std::size_t>(result.instance.state)]
                           [static_cast<std::size_t>(event)]);
  return result;
}

void extend_time(Instance& instance, SteadyTime until) {
  if (instance.state != State::starting && instance.state != State::stopping) return;
  if (instance.timer && *instance.timer < until) instance.timer = until;
}

Milliseconds restart_delay(const Policy& policy, int failures_in_row) {
  if (failures_in_row <= 1) return std::min(policy.delay, policy.delay_max);
  const auto base = policy.delay.count() > 0 ? policy.delay : second_delay;
  const double grown = policy.delay.count() > 0 ? failures_in_row - 1 : failures_in_row - 2;
  const double milliseconds =
      static_cast<double>(base.count()) * std::pow(std::max(policy.factor, 1.0), grown);
  const auto most = static_cast<double>(policy.delay_max.count());
  return Milliseconds(static_cast<std::int64_t>(std::min(milliseconds, most)));
}

std::string_view name_of(State state) {
  constexpr std::array<std::string_view, state_count> names{
      "STOPPED", "WAITING", "STARTING", "RUNNING",  "ADOPTED", "UNHEALTHY",
      "BACKOFF", "EXITED",  "FATAL",    "STOPPING", "KILLING"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view name_of(Event event) {
  constexpr std::array<std::string_view, event_count> names{"start",
                                                            "stop",
                                                            "restart",
                                                            "dependencies_met",
                                                            "launched",
                                                            "launch_failed",
                                                            "ready",
                                                            "unhealthy",
                                                            "healthy",
                                                            "exited_well",
                                                            "exited_badly",
                                                            "tree_empty",
                                                            "timer",
                                                            "watchdog_late",
                                                            "unfit",
                                                            "inherited",
                                                            "inherited_unready",
                                                            "inherited_done"};
  return names[static_cast<std::size_t>(event)];
}

}  // namespace daemonz::supervisor
