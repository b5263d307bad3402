#include "supervisor/instance.h"

#include <doctest/doctest.h>

#include <algorithm>

#include <functional>
#include <map>
#include <random>
#include <sstream>
#include <string>

#include "support/manual_clock.h"
#include "support/seed.h"

using namespace daemonz;
using namespace daemonz::supervisor;
using daemonz::tests::ManualClock;

namespace {

const Policy notifying{.is_ready_when_launched = false};

std::string letters(const Step& result) {
  static const std::string state_letters = "OWSRAUBEFPK";  // stOpped .. stoPping Killing
  static const std::string action_letters = "dlskg";  // check_Dependencies Launch Stop Kill Give
  std::string text(1, state_letters[static_cast<std::size_t>(result.instance.state)]);
  for (const auto action : result.actions) text += action_letters[static_cast<std::size_t>(action)];
  return text;
}

// An instance as it stands in the middle of a state; `now` is due for every timer.
Instance in_state(State state, SteadyTime now) {
  Instance it{.state = state, .is_wanted = true};
  switch (state) {
    case State::stopped: it.is_wanted = false; break;
    case State::waiting:
    case State::exited:
    case State::fatal: break;
    case State::starting:
      it.has_child = it.has_tree = true;
      it.timer = now;
      break;
    case State::running:
    case State::adopted:
    case State::unhealthy:
      it.has_child = it.has_tree = it.was_ready = true;
      it.is_ready = state != State::unhealthy;
      it.ready_since = now;
      break;
    case State::backoff:
      it.timer = it.retry_at = now;
      it.failures_in_row = 1;
      break;
    case State::stopping:
    case State::killing:
      it.is_wanted = false;
      it.has_child = it.has_tree = true;
      it.timer = now;
      break;
  }
  return it;
}

// What every state and event must give, independent of the rules in instance.cc: the new state,
// then the actions.
const char* const expected = R"(
          strt stop agin deps born noex redy sick well ext0 ext1 empt time wtch unft heir late done
STOPPED   Wd   O    Wd   O    Kk   O    O    O    O    O    O    O    O    O    O    A    S    E
WAITING   W    O    W    Sl   Kk   W    W    W    W    W    W    Wd   W    W    W    W    W    W
STARTING  S    Ps   Ps   S    S    S    R    S    S    Bk   Bk   S    Kk   Kk   Ps   S    S    S
RUNNING   R    Ps   Ps   R    Kk   R    R    U    R    Ek   Bk   R    R    Kk   Ps   R    R    R
ADOPTED   A    Ps   Ps   A    Kk   A    A    U    A    Ek   Bk   A    A    Kk   Ps   A    A    A
UNHEALTHY U    Ps   Ps   U    Kk   U    U    U    R    Ek   Bk   U    U    Kk   Ps   U    U    U
BACKOFF   Wd   O    Wd   B    Kk   B    B    B    B    B    B    Wd   Wd   B    B    B    B    B
EXITED    Wd   O    Wd   E    Kk   E    E    E    E    E    E    E    E    E    E    E    E    E
FATAL     Wd   O    Wd   F    Kk   F    F    F    F    F    F    F    F    F    F    F    F    F
STOPPING  P    P    P    P    Kk   P    P    P    P    Ps   Ps   P    Kk   P    P    P    P    P
KILLING   K    K    K    K    Kk   K    K    K    K    Kk   Kk   K    Kk   K    K    K    K    K
)";

}  // namespace

TEST_CASE("instance: every event in every state gives the state and the actions of the table") {
  const ManualClock clock;
  std::istringstream rows(expected);
  std::string line;
  std::getline(rows, line);
  std::getline(rows, line);  // the heading
  for (std::size_t state = 0; state < state_count; ++state) {
    std::getline(rows, line);
    std::istringstream cells(line);
    std::string name, cell;
    cells >> name;
    REQUIRE(name == name_of(static_cast<State>(state)));
    for (std::size_t event = 0; event < event_count; ++event) {
      REQUIRE_FALSE((cells >> cell).fail());
      const auto before = in_state(static_cast<State>(state), clock.steady());
      const auto result = step(before, static_cast<Event>(event), clock.steady(), notifying);
      INFO(name, " + ", name_of(static_cast<Event>(event)));
      CHECK(letters(result) == cell);
    }
  }
}

TEST_CASE("instance: before its launch is answered a start can be stopped, and fails only once") {
  const ManualClock clock;
  const Instance before{.state = State::starting, .is_wanted = true};
  const auto after = [&](Event event) {
    return letters(step(before, event, clock.steady(), notifying));
  };
  CHECK(after(Event::stop) == "O");
  CHECK(after(Event::restart) == "Wd");
  CHECK(after(Event::launched) == "S");
  CHECK(after(Event::launch_failed) == "F");
  CHECK(after(Event::ready) == "S");
  CHECK(after(Event::exited_badly) == "S");
  CHECK(after(Event::watchdog_late) == "S");
}

TEST_CASE("instance: without a ready key it runs as soon as it is launched") {
  const ManualClock clock;
  const Instance before{.state = State::starting, .is_wanted = true};
  const auto result = step(before, Event::launched, clock.steady(), Policy{});
  CHECK(result.instance.state == State::running);
  CHECK(result.instance.is_ready);
}

namespace {

// One instance whose world answers every launch with success.
struct Life {
  ManualClock clock;
  Policy policy;
  Instance instance;

  void feed(Event event) {
    auto result = step(instance, event, clock.steady(), policy);
    instance = std::move(result.instance);
    for (const auto action : result.actions) {
      if (action == Action::check_dependencies) feed(Event::dependencies_met);
      if (action == Action::launch) feed(Event::launched);
      if (action == Action::give_up) ++given_up;
    }
  }
  void crash() {
    feed(Event::exited_badly);
    feed(Event::tree_empty);
  }
  Milliseconds until_retry() const {
    return std::chrono::duration_cast<Milliseconds>(instance.retry_at - clock.steady());
  }
  void wait_for_retry() {
    clock.advance(until_retry() + Milliseconds(1));  // it is cut to milliseconds
    feed(Event::timer);
  }
  int given_up = 0;
};

}  // namespace

TEST_CASE("instance: restarts wait 0, 1, 2, 4, 8 s, and the sixth failure in a minute is fatal") {
  Life life{.policy = {.is_vital = true, .jitter = 0, .limit = 5}};
  life.feed(Event::start);
  life.crash();
  CHECK(life.instance.state == State::running);  // the first time at once
  for (const int seconds : {1, 2, 4, 8}) {
    life.crash();
    REQUIRE(life.instance.state == State::backoff);
    CHECK(life.until_retry() == Seconds(seconds));
    life.wait_for_retry();
    REQUIRE(life.instance.state == State::running);
  }
  CHECK(life.instance.restarts == 5);
  life.crash();
  CHECK(life.instance.state == State::fatal);
  CHECK(life.given_up == 1);
  life.feed(Event::start);  // a person has looked at it
  CHECK(life.instance.state == State::running);
  CHECK(life.instance.restarts == 0);
}

TEST_CASE("instance: failures while a dependency is away delay the next try, and are forgiven") {
  Life life{.policy = {.delay = Seconds(1), .delay_max = Seconds(1), .jitter = 0, .limit = 2}};
  life.feed(Event::start);
  life.instance.has_excuse = true;
  for (int i = 0; i < 20; ++i) {
    life.crash();
    REQUIRE(life.instance.state == State::backoff);
    life.wait_for_retry();
  }
  CHECK(life.instance.failures_in_row == 20);
  life.instance.has_excuse = false;  // it is back, and this one fails by itself
  for (int i = 0; i < 2; ++i) {
    life.crash();
    life.wait_for_retry();
  }
  life.crash();
  CHECK(life.instance.state == State::fatal);
}

TEST_CASE("instance: a vital one that is never restarted takes all with it when it fails") {
  const auto actions_after = [](Event event) {
    const Policy policy{.is_vital = true, .restart = RestartPolicy::never};
    Instance instance;
    std::vector<Action> actions;
    for (const auto each : {Event::start, Event::dependencies_met, Event::launched, event}) {
      auto result = step(instance, each, SteadyTime{}, policy);
      instance = std::move(result.instance);
      actions = std::move(result.actions);
    }
    CHECK(instance.state == State::exited);
    return actions;
  };
  const auto gives_up = [](const auto& actions) {
    return std::count(actions.begin(), actions.end(), Action::give_up) == 1;
  };
  CHECK(gives_up(actions_after(Event::exited_badly)));
  CHECK_FALSE(gives_up(actions_after(Event::exited_well)));
}

TEST_CASE("instance: failures far apart never become fatal, and the delay begins anew") {
  Life life{.policy = {.jitter = 0, .limit = 2}};
  life.feed(Event::start);
  for (int day = 0; day < 100; ++day) {
    life.clock.advance(std::chrono::hours(24));
    life.crash();
    REQUIRE(life.instance.state == State::running);
  }
  CHECK(life.instance.restarts == 100);
  CHECK(life.instance.recent.size() <= 2);
}

TEST_CASE("instance: the wall clock set back changes nothing") {
  Life life{.policy = {.jitter = 0}};
  life.feed(Event::start);
  life.crash();
  life.crash();
  life.clock.set_wall({});
  CHECK(life.until_retry() == Seconds(1));
  life.wait_for_retry();
  CHECK(life.instance.state == State::running);
}

TEST_CASE("instance: a timer that comes too early changes nothing") {
  Life life{.policy = {.delay = Seconds(3), .jitter = 0}};
  life.feed(Event::start);
  life.crash();
  life.clock.advance(Seconds(2));
  life.feed(Event::timer);
  CHECK(life.instance.state == State::backoff);
  life.clock.advance(Seconds(1));
  life.feed(Event::timer);
  CHECK(life.instance.state == State::running);
}

TEST_CASE("instance: a successor waits until the tree of its predecessor is empty") {
  Life life{.policy = {.jitter = 0}};
  life.feed(Event::start);
  life.feed(Event::exited_badly);
  life.feed(Event::timer);
  CHECK(life.instance.state == State::backoff);  // due, but a grandchild still lives
  life.feed(Event::tree_empty);
  CHECK(life.instance.state == State::running);
}

TEST_CASE("instance: policies decide about an end with 0 and with an error") {
  const auto after = [](RestartPolicy policy, Event event) {
    Life life{.policy = {.restart = policy}};
    life.feed(Event::start);
    life.feed(event);
    return life.instance.state;
  };
  CHECK(after(RestartPolicy::always, Event::exited_well) == State::backoff);
  CHECK(after(RestartPolicy::on_failure, Event::exited_well) == State::exited);
  CHECK(after(RestartPolicy::on_failure, Event::exited_badly) == State::backoff);
  CHECK(after(RestartPolicy::never, Event::exited_badly) == State::exited);
}

TEST_CASE("instance: a start that is not ready in time is killed and tried again") {
  Life life{.policy = {.is_ready_when_launched = false, .ready_timeout = Seconds(5)}};
  life.feed(Event::start);
  life.clock.advance(Seconds(5));
  life.feed(Event::timer);
  CHECK(life.instance.state == State::killing);
  life.crash();
  CHECK(life.instance.state == State::backoff);
  life.feed(Event::stop);
  CHECK(life.instance.state == State::stopped);
}

TEST_CASE("instance: delays grow to their maximum and stay there") {
  const Policy policy{.delay = Milliseconds(100), .delay_max = Seconds(5), .factor = 3};
  CHECK(restart_delay(policy, 1) == Milliseconds(100));
  CHECK(restart_delay(policy, 2) == Milliseconds(300));
  CHECK(restart_delay(policy, 3) == Milliseconds(900));
  CHECK(restart_delay(policy, 10) == Seconds(5));
  CHECK(restart_delay(policy, 1'000'000) == Seconds(5));
}

TEST_CASE("instance: jitter stays within its share") {
  Life life{.policy = {.delay = Seconds(10), .factor = 1, .jitter = 0.1, .limit = 0}};
  life.feed(Event::start);
  std::map<Milliseconds, int> seen;
  for (int i = 0; i < 100; ++i) {
    life.crash();
    CHECK(life.until_retry() >= Milliseconds(8999));
    CHECK(life.until_retry() <= Milliseconds(11000));
    ++seen[life.until_retry()];
    life.wait_for_retry();
  }
  CHECK(seen.size() > 10);
}

// Random events in a world that has at most what the actions have made: never a second child, never
// a ready one without a child, and a stop always ends with nothing left.
TEST_CASE("instance: no walk of events gives a second child or an end with something left") {
  std::mt19937_64 random(tests::seed());
  const auto pick = [&](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  for (int walk = 0; walk < 300; ++walk) {
    ManualClock clock;
    const Policy policy{.is_ready_when_launched = pick(2) == 0,
                        .restart = static_cast<RestartPolicy>(pick(3)),
                        .limit = pick(4)};
    Instance it;
    bool has_child = false, has_tree = false;
    const std::function<void(Event)> feed = [&](Event event) {
      auto result = step(it, event, clock.steady(), policy);
      it = std::move(result.instance);
      for (const auto action : result.actions) {
        if (action == Action::check_dependencies && pick(2) == 0) feed(Event::dependencies_met);
        if (action != Action::launch) continue;
        REQUIRE_FALSE(has_child);
        REQUIRE_FALSE(has_tree);
        has_child = has_tree = pick(5) != 0;
        feed(has_child ? Event::launched : Event::launch_failed);
      }
      REQUIRE((!it.is_ready || it.has_child));
      REQUIRE(it.has_child == has_child);
    };
    const auto world_moves = [&] {
      if (has_child && pick(3) == 0) {
        has_child = false;
        feed(pick(2) == 0 ? Event::exited_well : Event::exited_badly);
      } else if (!has_child && has_tree) {
        has_tree = false;
        feed(Event::tree_empty);
      }
    };
    for (int i = 0; i < 200; ++i) {
      constexpr Event people[] = {Event::start,     Event::stop,    Event::restart,
                                  Event::ready,     Event::timer,   Event::dependencies_met,
                                  Event::unhealthy, Event::healthy, Event::watchdog_late,
                                  Event::unfit};
      feed(people[pick(10)]);
      world_moves();
      clock.advance(Milliseconds(pick(20'000)));
    }
    feed(Event::stop);
    for (int i = 0; i < 100 && (has_child || has_tree); ++i) {
      world_moves();
      clock.advance(Seconds(1));
      feed(Event::timer);
    }
    REQUIRE(it.state == State::stopped);
    REQUIRE_FALSE(it.has_tree);
  }
}
