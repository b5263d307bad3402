// Who waits for the end of a start: in the supervisor's own process, with real children.
#include "supervisor/waiters.h"

#include <doctest/doctest.h>
#include <poll.h>

#include <csignal>

#include "supervisor/launches.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::supervisor;

namespace {

// What instances need around them.
struct House {
  House() {
    home.notify_folder = home.io_folder = folder.path();
    for (const auto* name : {"one", "two"}) {
      PlannedInstance planned{.name = name, .daemon = name, .config = {}, .policy = {}};
      planned.config.name = name;
      planned.config.command = {"/bin/sleep", "1000"};
      planned.config.log.path = folder / name;
      fleet.add(std::move(planned));
    }
  }
  ~House() {
    for (const auto& one : fleet) one->send(SIGKILL);
  }
  void start(Supervised& one) {
    for (const auto event : {Event::start, Event::dependencies_met})
      static_cast<void>(one.handle(event));
    Launches launches;
    launches.add(one);
    REQUIRE(launches.perform());
    static_cast<void>(one.handle(Event::launched));
  }

  tests::TempDir folder;
  Home home;
  Loop loop;
  LogFiles log_files;
  LogThread log_thread;
  Groups groups{""};
  Surroundings surroundings{.loop = loop,
                            .home = home,
                            .log_files = log_files,
                            .log_thread = log_thread,
                            .groups = groups,
                            .open_files = {1024, 1024}};
  Fleet fleet{surroundings, [](Supervised&, Event) {}};  // its events are given by hand
};

}  // namespace

TEST_CASE("waiters: one who is not answered yet is looked at again, whenever that was asked") {
  House house;
  Waiter waiter;
  for (const auto& one : house.fleet) {
    house.start(*one);
    REQUIRE(one->up_from());
    waiter.targets.push_back(one.get());
  }
  const auto first = *waiter.targets[0]->up_from(), second = *waiter.targets[1]->up_from();
  REQUIRE(first <= second);
  // By now, for whoever looks at the clock a second time, both have been up for long enough.
  while (real_clock().steady() < second) ::poll(nullptr, 0, 1);
  const Microseconds instant(1);
  for (const auto now : {first - instant, first, first + instant, second - instant, second}) {
    if (waiter.is_over(house.fleet.all(), now)) continue;
    const auto next = waiter.next_look(now);
    REQUIRE(next);
    CHECK(*next > now);
    CHECK(*next <= second);
  }
  CHECK_FALSE(waiter.is_over(house.fleet.all(), second - instant));
  CHECK(waiter.is_over(house.fleet.all(), second));
}
