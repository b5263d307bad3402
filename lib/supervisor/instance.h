// The states of one instance as a pure function: (instance, event, now) -> (instance, actions).
// No process, no clock, no file: supervisor.h performs the actions and feeds the events. Follows
// supervisor.md, "States of an instance"; the test walks every state x event.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/units.h"

namespace daemonz::supervisor {

enum class State : std::uint8_t {
  stopped,    ///< not wanted, or never started
  waiting,    ///< wanted; its dependencies or an earlier wave are not there yet
  starting,   ///< launched, not ready yet
  running,    ///< ready
  adopted,    ///< running, inherited from an earlier supervisor
  unhealthy,  ///< was ready; its health check says no
  backoff,    ///< failed; the next try stands at `timer`
  exited,     ///< ended by itself, and its policy wants no restart
  fatal,      ///< given up: too many failures
  stopping,   ///< asked to end, `timer` says until when
  killing     ///< SIGKILL was sent to its tree, until that is empty
};
inline constexpr std::size_t state_count = 11;

enum class Event : std::uint8_t {
  start,              ///< a person, or boot: wanted = up
  stop,               ///< wanted = down
  restart,            ///< stop, then start
  dependencies_met,   ///< it may start now
  launched,           ///< exec has succeeded
  launch_failed,      ///< no child is there
  ready,              ///< notify, or a probe
  unhealthy,          ///< a health check fails
  healthy,            ///< it succeeds again
  exited_well,        ///< the main process ended with 0
  exited_badly,       ///< with another code, or by a signal
  tree_empty,         ///< no process of its tree is left
  timer,              ///< `timer` has come
  watchdog_late,      ///< no WATCHDOG=1 in time: it hangs
  unfit,              ///< unhealthy for too long, or too large: it must be replaced
  inherited,          ///< its child of an earlier supervisor lives and is ready
  inherited_unready,  ///< it lives and was not ready yet
  inherited_done      ///< it had ended well and for good
};
inline constexpr std::size_t event_count = 18;

enum class Action : std::uint8_t {
  check_dependencies,  ///< answer with dependencies_met, now or later
  launch,              ///< answer with launched or launch_failed
  stop_tree,           ///< the stop signal to the main process, or to what it has left behind
  kill_tree,           ///< SIGKILL to all of it
  give_up              ///< a vital instance has failed for good: stop everything
};

enum class RestartPolicy : std::uint8_t { always, on_failure, never };

/// What the configuration says about one instance. A value.
struct Policy {
  bool is_ready_when_launched = true;  ///< no `ready:` key
  Milliseconds ready_timeout{30'000};
  Milliseconds stop_timeout{10'000};
  bool is_vital = false;
  RestartPolicy restart = RestartPolicy::on_failure;
  Milliseconds delay{0};             ///< before the first restart in a row
  Milliseconds delay_max{30'000};    ///< it grows up to this
  double factor = 2;                 ///< per failure in a row
  double jitter = 0.1;               ///< of the delay: so that many do not come back as one
  Milliseconds reset_after{10'000};  ///< ready for so long: the next failure is the first again
  int limit = 5;                     ///< restarts within `within`, then fatal; 0: none
  Milliseconds within{60'000};
};

/// Wanted, actual and ready are three facts. A value; Threads: one.
struct Instance {
  State state = State::stopped;
  bool is_wanted = false;
  bool is_ready = false;
  bool has_child = false;  ///< the main process lives
  bool has_tree = false;   ///< it, or something it has left behind
  bool was_ready = false;  ///< since the last `start`: it counts as started for later waves
  bool is_stopped_for_failure = false;  ///< the stop under way counts as a failure
  /// What it depends on is away, or has come back just now: a failure does not count towards FATAL.
  bool has_excuse = false;
  int failures_in_row = 0;
  int restarts = 0;                ///< since the last `start`
  std::vector<SteadyTime> recent;  ///< restarts within the window, oldest first
  std::optional<SteadyTime> ready_since;
  SteadyTime retry_at{};            ///< in backoff: the next try, once the tree is empty
  std::optional<SteadyTime> timer;  ///< when Event::timer is due; nullopt: never
  std::uint32_t random = 1;         ///< for jitter; seed it differently per instance
};

struct Step {
  Instance instance;
  std::vector<Action> actions;  ///< in this order
};

/// Total: every event is allowed in every state; one that means nothing there changes nothing.
/// A timer that comes before instance.timer changes nothing.
/// Holds always: `launch` only while has_child and has_tree are false.
[[nodiscard]] Step step(Instance instance, Event event, SteadyTime now, const Policy& policy);

/// EXTEND_TIMEOUT_USEC of a start or a stop that goes on: its time ends no earlier than `until`.
void extend_time(Instance& instance, SteadyTime until);

/// Waiting time before restart number `failures_in_row` (from 1), without jitter: delay, then
/// (delay or 1 s) x factor^(n-2).., at most delay_max.
[[nodiscard]] Milliseconds restart_delay(const Policy& policy, int failures_in_row);

[[nodiscard]] std::string_view name_of(State state);  ///< "RUNNING"
[[nodiscard]] std::string_view name_of(Event event);  ///< "exited_badly"

}  // namespace daemonz::supervisor
