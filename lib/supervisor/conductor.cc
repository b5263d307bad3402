#include "supervisor/conductor.h"

#include <algorithm>
#include <exception>

#include "base/log.h"

namespace daemonz::supervisor {

std::vector<const Supervised*> Conductor::inherit(const std::vector<RecordedInstance>& past) {
  std::vector<const Supervised*> known;
  is_settling_ = true;
  for (const auto& one : past)
    if (auto* const instance = fleet_.find(one.daemon, one.index);
        instance && instance->inherit(one))
      known.push_back(instance);
  is_settling_ = false;
  return known;
}

void Conductor::feed(Supervised& instance, Event event) {
  events_.emplace_back(&instance, event);
  settle();
}

void Conductor::settle() {
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
void Conductor::take(Supervised& instance, Event event) {
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
  if (is_shutting_down_ && instance.is_settled_down())
    surroundings_.groups.remove(instance.mark().cgroup);
}

// After each burst of events: what has become possible?
void Conductor::look_around() {
  for (const auto& instance : fleet_)
    if (!is_shutting_down_ && instance->instance().state == State::waiting &&
        instance->is_settled_down() && fleet_.may_start(*instance))
      events_.emplace_back(instance.get(), Event::dependencies_met);
  if (!events_.empty()) return;
  if (const auto is_good = fleet_.has_ended_well();
      is_good && is_ending_with_work_ && !is_shutting_down_) {
    log::warn("supervisor", "nothing is left to run", {{"ended_well", *is_good}});
    begin_shutdown(*is_good ? 0 : 1);
  }
  if (is_shutting_down_) go_on_stopping();
  if (fleet_.has_gone()) surroundings_.loop.post([this] { remove_retired(); });
  waiters_.look(fleet_);
  recorder_.look();
  upward_.look_at(fleet_.all());
}

// In a turn of its own: this one may come from one of them.
void Conductor::remove_retired() {
  for (const auto* const gone : fleet_.remove_retired()) waiters_.forget(gone);
  waiters_.look(fleet_);
  recorder_.look();
}

void Conductor::reap() {
  if (!is_reap_posted_) reap_once();  // or each signal would begin a chain of turns
}

void Conductor::reap_once() {
  is_settling_ = true;  // one look around for all that have ended, not one for each
  is_reap_posted_ = !fleet_.reap();
  is_settling_ = false;
  settle();
  if (is_reap_posted_) surroundings_.loop.post([this] { reap_once(); });
}

void Conductor::begin_shutdown(int exit_code) {
  exit_code_ = std::max(exit_code_, exit_code);
  if (std::exchange(is_shutting_down_, true)) return;
  event_stream_.tell("stopping");
  upward_.stopping(fleet_.stop_time());
}

// Ranks end in reverse: the highest that still lives is asked first, and awaited.
void Conductor::go_on_stopping() {
  const int highest = fleet_.highest_living_rank();
  for (const auto& instance : fleet_) {
    const bool is_at_rest = instance->is_settled_down();
    // What has ended for good needs no stop, and whoever waits for it is told why it has.
    const auto state = instance->instance().state;
    if (is_at_rest && (state == State::fatal || state == State::exited)) continue;
    if (instance->instance().is_wanted && (is_at_rest || instance->planned().rank == highest))
      events_.emplace_back(instance.get(), Event::stop);
  }
  if (events_.empty() && highest < 0) surroundings_.loop.stop();
}

}  // namespace daemonz::supervisor
