// What happens to the instances: their events, taken one after the other, and what becomes possible
// after each burst: starts, answers to whoever waits, the stop in reverse order. Not the decisions
// of one instance (instance.h), not what people ask for (requests.h). Follows supervisor.md.
#pragma once

#include <deque>
#include <utility>
#include <vector>

#include "supervisor/events.h"
#include "supervisor/fleet.h"
#include "supervisor/launches.h"
#include "supervisor/recorder.h"
#include "supervisor/upward.h"
#include "supervisor/waiters.h"

namespace daemonz::supervisor {

/// Owns the instances and all that listens to them. Threads: one, the loop's.
class Conductor {
 public:
  /// `surroundings` outlive it. `is_ending_with_work`: ends when nothing is left to run.
  Conductor(const Surroundings& surroundings, bool is_ending_with_work)
      : surroundings_(surroundings), is_ending_with_work_(is_ending_with_work) {}

  [[nodiscard]] Fleet& fleet() { return fleet_; }
  [[nodiscard]] const Fleet& fleet() const { return fleet_; }
  [[nodiscard]] Waiters& waiters() { return waiters_; }
  [[nodiscard]] Recorder& recorder() { return recorder_; }
  [[nodiscard]] EventStream& event_stream() { return event_stream_; }
  [[nodiscard]] Upward& upward() { return upward_; }

  /// What was taken over before the first burst: one record of all of it, not one that misses the
  /// rest. Returns those that are known now.
  [[nodiscard]] std::vector<const Supervised*> inherit(const std::vector<RecordedInstance>& past);

  void add(Supervised& instance, Event event) { events_.emplace_back(&instance, event); }
  /// Takes all events, and those that they cause. Called again from within, it leaves the rest to
  /// the outer call.
  void settle();
  void reap();  ///< after SIGCHLD

  /// Stops all, from the highest rank down, at the next settle(); then the loop ends.
  void begin_shutdown(int exit_code);
  [[nodiscard]] bool is_shutting_down() const { return is_shutting_down_; }
  [[nodiscard]] int exit_code() const { return exit_code_; }

 private:
  void feed(Supervised& instance, Event event);
  void take(Supervised& instance, Event event);
  void look_around();
  void remove_retired();
  void go_on_stopping();
  void reap_once();

  const Surroundings& surroundings_;
  const bool is_ending_with_work_;
  Fleet fleet_{surroundings_, [this](Supervised& instance, Event event) { feed(instance, event); }};
  Recorder recorder_{surroundings_.loop, fleet_, surroundings_.home.state_file};
  Waiters waiters_{surroundings_.loop, [this] { recorder_.catch_up(); }};
  std::deque<std::pair<Supervised*, Event>> events_;
  std::vector<Supervised*> touched_;
  Launches launches_;
  bool is_settling_ = false, is_reap_posted_ = false;
  bool is_shutting_down_ = false;
  int exit_code_ = 0;
  EventStream event_stream_;
  Upward upward_{surroundings_.loop};
};

}  // namespace daemonz::supervisor
