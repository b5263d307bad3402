#include "supervisor/changes.h"

#include <doctest/doctest.h>

using namespace daemonz;
using namespace daemonz::supervisor;

namespace {

config::Daemon daemon(const std::string& name) {
  config::Daemon made;
  made.name = name;
  made.command = {"/bin/sleep", "1"};
  return made;
}

std::vector<PlannedInstance> plan_of(std::vector<config::Daemon> daemons) {
  config::Config config;
  config.daemons = std::move(daemons);
  return make_plan(config, "/bin").instances;
}

std::string told(const std::vector<config::Daemon>& now, const std::vector<config::Daemon>& next) {
  std::string text;
  for (const auto& change : changes_between(plan_of(now), plan_of(next)))
    text += sentence_of(change) + "\n";
  return text;
}

}  // namespace

TEST_CASE("changes: the same plan changes nothing, wherever its lines stand in the file") {
  auto moved = daemon("one");
  moved.places["command"] = "daemonz.yml:99:1";
  CHECK(told({daemon("one")}, {moved}).empty());
}

TEST_CASE("changes: what a process has built in restarts it, every other key holds at once") {
  const auto after = [](const std::function<void(config::Daemon&)>& edit) {
    auto edited = daemon("one");
    edit(edited);
    return told({daemon("one")}, {edited});
  };
  CHECK(after([](auto& one) { one.command = {"/bin/sleep", "2"}; }) == "restart one (command)\n");
  CHECK(after([](auto& one) { one.command = {"/bin/sleep 1"}; }) == "restart one (command)\n");
  CHECK(after([](auto& one) { one.env["A"] = "b"; }) == "restart one (env)\n");
  CHECK(after([](auto& one) { one.umask = 0; }) == "restart one (umask)\n");
  CHECK(after([](auto& one) { one.limits.nice = 5; }) == "restart one (limits)\n");
  CHECK(after([](auto& one) { one.watchdog = Seconds(3); }) == "restart one (watchdog)\n");
  CHECK(after([](auto& one) { one.log.stderr_path = "/e"; }) == "restart one (log.stderr, log)\n");
  CHECK(after([](auto& one) { one.stop.kill = config::Stop::Kill::group; }) ==
        "restart one (stop.kill)\n");
  CHECK(after([](auto& one) { one.log.path = "/l"; }) == "update one (log)\n");
  CHECK(after([](auto& one) { one.stop.timeout = Seconds(1); }) == "update one (stop)\n");
  CHECK(after([](auto& one) { one.restart.limit = 1; }) == "update one (restart)\n");
  CHECK(after([](auto& one) { one.health.emplace(); }) == "update one (health)\n");
  CHECK(after([](auto& one) { one.ready.timeout = Seconds(1); }) == "update one (ready)\n");
  CHECK(after([](auto& one) { one.start_order = 3; }) == "update one (start_order)\n");
  CHECK(after([](auto& one) { one.is_vital = true; }) == "update one (vital)\n");
  CHECK(after([](auto& one) { one.limits.memory = mebibytes(1); }) ==
        "update one (limits.memory)\n");
}

TEST_CASE("changes: instances are the same by daemon and index, also when the only one gets one") {
  auto two = daemon("one");
  two.instances = 2;
  CHECK(told({daemon("one")}, {two}) == "update one:0\nstart one:1\n");
  CHECK(told({two}, {daemon("one")}) == "update one\nstop one:1\n");
  CHECK(told({daemon("a")}, {daemon("b")}) == "start b\nstop a\n");
}

TEST_CASE("changes: the fingerprint is that of the process, and stays the same in other versions") {
  auto other = daemon("one");
  other.restart.limit = 1;
  CHECK(fingerprint_of(daemon("one")) == fingerprint_of(other));
  other.env["A"] = "b";
  CHECK(fingerprint_of(daemon("one")) != fingerprint_of(other));
}
