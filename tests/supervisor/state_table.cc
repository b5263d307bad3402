// Prints what every event does in every state and situation of an instance, one line each, for
// tests/shown/supervisor/03_states. Compiled there, with a table that can be changed:
//     state_table                          as it is
//     state_table STATE EVENT REACTION     with that one cell replaced (numbers)
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "supervisor/instance.h"
#include "supervisor/transitions.h"

using namespace daemonz;
using namespace daemonz::supervisor;

namespace {

enum class Situation { plain, orphans, asked, failed };
constexpr const char* situation_names[] = {"plain", "orphans", "asked", "failed"};

const SteadyTime now = SteadyTime{} + Seconds(1000);

const Policy policy{.is_ready_when_launched = false,
                    .ready_timeout = Seconds(30),
                    .stop_timeout = Seconds(10),
                    .is_vital = true,
                    .restart = RestartPolicy::on_failure,
                    .delay = Seconds(3),
                    .jitter = 0};

bool is_up(State state) {
  return state == State::running || state == State::adopted || state == State::unhealthy;
}
bool is_ending(State state) { return state == State::stopping || state == State::killing; }

// nullopt: nothing can be so.
std::optional<Instance> instance_in(State state, Situation situation) {
  Instance it{.state = state, .is_wanted = state != State::stopped && !is_ending(state)};
  it.has_child = it.has_tree = is_up(state) || is_ending(state) || state == State::starting;
  it.is_ready = is_up(state) && state != State::unhealthy;
  it.was_ready = is_up(state);
  if (is_up(state)) it.ready_since = now;
  if (state == State::starting || state == State::backoff || is_ending(state)) it.timer = now;
  if (state == State::backoff) it.retry_at = now;
  switch (situation) {
    case Situation::plain: return it;
    case Situation::orphans:
      if (is_up(state) || state == State::starting) return {};
      it.has_child = false;
      it.has_tree = true;
      it.timer = now;
      return it;
    case Situation::asked:
      if (state != State::starting) return {};
      it.has_child = it.has_tree = false;
      it.timer.reset();
      return it;
    case Situation::failed:
      if (!is_ending(state)) return {};
      it.has_child = false;
      it.is_wanted = it.is_stopped_for_failure = true;
      return it;
  }
  return {};
}

std::string names_of(const std::vector<Action>& actions) {
  constexpr const char* names[] = {"check", "launch", "stop", "kill", "give_up"};
  std::string text;
  for (const auto action : actions)
    text += (text.empty() ? "" : "+") + std::string(names[static_cast<std::size_t>(action)]);
  return text.empty() ? "-" : text;
}

void print(Situation situation, State state, Event event, const Instance& before) {
  const auto result = step(before, event, now, policy);
  const auto& it = result.instance;
  std::string facts;
  facts += it.is_wanted ? 'w' : '-';
  facts += it.is_ready ? 'r' : '-';
  facts += it.has_child ? 'c' : '-';
  facts += it.has_tree ? 't' : '-';
  facts += it.is_stopped_for_failure ? 'f' : '-';
  const auto timer =
      it.timer ? std::to_string(std::chrono::duration_cast<Milliseconds>(*it.timer - now).count())
               : "-";
  std::printf("%s %s %s %s %s %s %s\n", situation_names[static_cast<std::size_t>(situation)],
              std::string(name_of(state)).c_str(), std::string(name_of(event)).c_str(),
              std::string(name_of(it.state)).c_str(), names_of(result.actions).c_str(),
              facts.c_str(), timer.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4)
    transitions[std::strtoul(argv[1], nullptr, 10)][std::strtoul(argv[2], nullptr, 10)] =
        static_cast<Reaction>(std::strtoul(argv[3], nullptr, 10));
  for (const auto situation :
       {Situation::plain, Situation::orphans, Situation::asked, Situation::failed})
    for (std::size_t state = 0; state < state_count; ++state)
      for (std::size_t event = 0; event < event_count; ++event)
        if (const auto it = instance_in(static_cast<State>(state), situation))
          print(situation, static_cast<State>(state), static_cast<Event>(event), *it);
  return 0;
}
