#include "offline_tasks/circuit.h"

#include <doctest/doctest.h>

using namespace daemonz;
using offline_tasks::away_time;
using offline_tasks::Circuit;
using Try = Circuit::Try;

namespace {

constexpr SteadyTime start{Seconds(100)};

}  // namespace

TEST_CASE("offline_tasks: a queue that answers is given the whole deadline by each push") {
  Circuit circuit;
  CHECK(circuit.ask(start) == Try::until_deadline);
  CHECK_FALSE(circuit.answered());
  CHECK(circuit.ask(start + Milliseconds(1)) == Try::until_deadline);
}

TEST_CASE("offline_tasks: a queue that is away is asked by one push at a time, and seldom") {
  Circuit circuit;
  CHECK(circuit.silent(start));
  CHECK_FALSE(circuit.silent(start));  // two pushes were under way: it is told once
  CHECK(circuit.ask(start) == Try::not_now);
  CHECK(circuit.ask(start + away_time - Milliseconds(1)) == Try::not_now);
  CHECK(circuit.ask(start + away_time) == Try::once);
  CHECK(circuit.ask(start + away_time) == Try::not_now);  // while the first one asks
  CHECK_FALSE(circuit.silent(start + away_time));
  CHECK(circuit.ask(start + 2 * away_time - Milliseconds(1)) == Try::not_now);
  CHECK(circuit.ask(start + 2 * away_time) == Try::once);
}

TEST_CASE("offline_tasks: one answer, and all push to the queue again") {
  Circuit circuit;
  CHECK(circuit.silent(start));
  CHECK(circuit.ask(start + away_time) == Try::once);
  CHECK(circuit.answered());
  CHECK(circuit.ask(start + away_time) == Try::until_deadline);
}
