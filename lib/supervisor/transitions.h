// Which reaction each event has in each state of an instance: the table of the state machine. What
// a reaction does stands in instance.cc. Follows supervisor.md, "States of an instance"; the test
// has the same table in other words.
#pragma once

#include <array>
#include <cstdint>

#include "supervisor/instance.h"

namespace daemonz::supervisor {

/// What an event does in a state; each is one function of instance.cc.
enum class Reaction : std::uint8_t {
  ignore,
  want,
  begin,
  rest,
  try_launch,
  stray,
  note_child,
  fail_launch,
  become_ready,
  become_unhealthy,
  recover,
  end_well,
  fail,
  lose_child,
  begin_stop,
  restart,
  lose_child_stopping,
  finish_stop,
  clear_tree,
  recheck,
  kill,
  kill_failed,
  replace,
  adopt,
  adopt_unready,
  adopt_done,
  retry,
  sweep
};

namespace transition_rules {

using R = Reaction;
using States = std::uint16_t;  // one bit per state
template <class... Some>
inline constexpr States in(Some... states) {
  return static_cast<States>(((1u << static_cast<unsigned>(states)) | ...));
}
inline constexpr States waiting = in(State::waiting), starting = in(State::starting);
inline constexpr States idle = in(State::stopped, State::backoff, State::exited, State::fatal);
inline constexpr States up = in(State::running, State::adopted, State::unhealthy);
inline constexpr States live = starting | up;
inline constexpr States ending = in(State::stopping, State::killing);
inline constexpr States every = (1u << state_count) - 1;

struct Rule {
  Event event;
  States states;
  Reaction reaction;
};

// All that means something. A pair that is not named here changes nothing; none is named twice.
inline constexpr Rule rules[] = {
    {Event::start, idle, R::begin},
    {Event::start, waiting | live | ending, R::want},
    {Event::stop, idle | waiting | ending, R::rest},
    {Event::stop, live, R::begin_stop},
    {Event::restart, idle, R::begin},
    {Event::restart, waiting | ending, R::want},
    {Event::restart, live, R::restart},
    {Event::dependencies_met, waiting, R::try_launch},
    {Event::launched, starting, R::note_child},
    {Event::launched, every & ~starting, R::stray},
    {Event::launch_failed, starting, R::fail_launch},
    {Event::ready, starting, R::become_ready},
    {Event::unhealthy, in(State::running, State::adopted), R::become_unhealthy},
    {Event::healthy, in(State::unhealthy), R::recover},
    {Event::exited_well, up, R::end_well},
    {Event::exited_well, starting, R::fail},
    {Event::exited_badly, live, R::fail},
    {Event::exited_well, in(State::stopping), R::lose_child_stopping},
    {Event::exited_badly, in(State::stopping), R::lose_child_stopping},
    {Event::exited_well, idle | waiting | in(State::killing), R::lose_child},
    {Event::exited_badly, idle | waiting | in(State::killing), R::lose_child},
    {Event::tree_empty, idle, R::clear_tree},
    {Event::tree_empty, waiting, R::recheck},
    {Event::tree_empty, ending, R::finish_stop},
    {Event::timer, in(State::backoff), R::retry},
    {Event::timer, starting, R::kill_failed},
    {Event::timer, ending, R::kill},
    {Event::timer, waiting | in(State::stopped, State::exited, State::fatal), R::sweep},
    {Event::watchdog_late, live, R::kill_failed},
    {Event::unfit, live, R::replace},
    {Event::inherited, in(State::stopped), R::adopt},
    {Event::inherited_unready, in(State::stopped), R::adopt_unready},
    {Event::inherited_done, in(State::stopped), R::adopt_done},
};

using Table = std::array<std::array<Reaction, event_count>, state_count>;

consteval Table expand() {
  Table table{};
  for (const auto& rule : rules)
    for (std::size_t state = 0; state < state_count; ++state) {
      if ((rule.states >> state & 1u) == 0) continue;
      auto& cell = table[state][static_cast<std::size_t>(rule.event)];
      if (cell != R::ignore) throw "a state and event are named twice";  // fails the compilation
      cell = rule.reaction;
    }
  return table;
}

}  // namespace transition_rules

/// [state][event].
inline constexpr transition_rules::Table transitions = transition_rules::expand();

}  // namespace daemonz::supervisor
