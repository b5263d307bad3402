#include "supervisor/plan.h"

#include <doctest/doctest.h>

using namespace daemonz;
using namespace daemonz::supervisor;

namespace {

config::Daemon daemon(const std::string& name, int start_order = 0) {
  config::Daemon made;
  made.name = name;
  made.command = {"/bin/true"};
  made.start_order = start_order;
  return made;
}

config::Config with(std::vector<config::Daemon> daemons) {
  config::Config made;
  made.path = "config/daemonz.yml";
  made.daemons = std::move(daemons);
  return made;
}

std::string order_of(const Plan& plan) {
  std::string text;
  for (const auto& one : plan.instances) text += std::to_string(one.rank) + one.name + " ";
  return text;
}

}  // namespace

TEST_CASE("plan: waves ascend, ties stand side by side, instances are numbered") {
  auto processor = daemon("processor", 2);
  processor.instances = 2;
  const auto plan = make_plan(with({processor, daemon("web", 2), daemon("queue", 1)}), "/bin");
  CHECK(plan.is_good());
  CHECK(order_of(plan) == "0queue 1processor:0 1processor:1 1web ");
}

TEST_CASE("plan: dependencies order a wave; the disabled are left out") {
  auto a = daemon("a"), b = daemon("b"), off = daemon("off");
  a.depends_on = {{"b", config::Condition::ready}};
  off.is_disabled = true;
  CHECK(order_of(make_plan(with({a, b, off, daemon("c")}), "/bin")) == "0b 0c 1a ");
}

TEST_CASE("plan: a circle, which a file cannot have, is no endless loop") {
  auto a = daemon("a"), b = daemon("b");
  a.depends_on = {{"b", config::Condition::ready}};
  b.depends_on = {{"a", config::Condition::ready}};
  CHECK(make_plan(with({a, b}), "/bin").instances.size() == 2);
}

TEST_CASE("plan: a program that is missing is named with the places where it was looked for") {
  auto bare = daemon("bare"), path = daemon("path"), user = daemon("user");
  bare.command = {"no-such-program"};
  path.command = {"/no/such/file"};
  user.user = "no-such-user";
  const auto plan = make_plan(with({bare, path, user}), "/some/bin");
  CHECK(plan.faults.empty());
  CHECK(
      plan.obstacles ==
      std::vector<std::string>{
          "config/daemonz.yml: daemons.bare.command: no-such-program is neither beside "
          "/some/bin/daemonz nor in PATH. Build or install it",
          "config/daemonz.yml: daemons.path.command: /no/such/file is not there or not "
          "executable. Build or install it, or correct the path",
          "config/daemonz.yml: daemons.user.user: there is no user no-such-user on this machine"});
}

TEST_CASE("plan: a bare name is looked for beside daemonz before PATH") {
  auto one = daemon("one");
  one.command = {"true"};
  CHECK(make_plan(with({one}), "/bin").instances[0].config.command[0] == "/bin/true");
  one.is_path_only = true;
  ::setenv("PATH", "/usr/bin:/bin", 1);
  CHECK(make_plan(with({one}), "/bin").instances[0].config.command[0] == "/usr/bin/true");
}

TEST_CASE(
    "plan: the programs of checks and of stop commands are looked for like the daemon's own") {
  auto one = daemon("one");
  one.stop.command = {"no-such-stop"};
  one.health.emplace().check.command = {"true"};
  const auto plan = make_plan(with({one}), "/bin");
  REQUIRE(plan.obstacles.size() == 1);
  CHECK(plan.obstacles[0].find("stop.command: no-such-stop is neither") != std::string::npos);
  CHECK(plan.instances[0].config.health->check.command[0] == "/bin/true");
}

TEST_CASE("plan: targets are names, name:index and name:*") {
  auto processor = daemon("processor");
  processor.instances = 3;
  const auto plan = make_plan(with({processor}), "/bin");
  CHECK(is_meant(plan.instances[2], "processor"));
  CHECK(is_meant(plan.instances[2], "processor:*"));
  CHECK(is_meant(plan.instances[2], "processor:2"));
  CHECK_FALSE(is_meant(plan.instances[2], "processor:1"));
  CHECK_FALSE(is_meant(plan.instances[2], "process"));
}
