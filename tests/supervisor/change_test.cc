// What changes while all runs: reload, scale, rolling restarts; and what a running instance is
// watched for.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "supervisor/site.h"

using namespace daemonz;
using namespace daemonz::tests;

namespace {

std::string sleepers(const std::string& more = "") {
  return "  one: {command: [sleep, \"1000\"]}\n"
         "  two: {command: [sleep, \"1000\"], instances: 2" +
         more + "}\n";
}

}  // namespace

TEST_CASE("reload: touches only what changed, and tells its plan before") {
  Site site(sleepers() + "  gone: {command: [sleep, \"1000\"]}\n");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto one = site.row("one").pid, two = site.row("two:0").pid;
  const auto gone = static_cast<pid_t>(site.row("gone").pid);
  CHECK(site.run({"reload"}).errors == "daemonz: nothing has changed\n");

  site.write(sleepers(", env: {A: b}") +
             "  fresh: {command: [sleep, \"1000\"], restart: {limit: 9}}\n");
  const std::string plan = "start fresh\nrestart two:0 (env)\nrestart two:1 (env)\nstop gone\n";
  const auto dry = site.run({"reload", "--dry-run"});
  CHECK(dry.output == plan);
  CHECK(dry.status.exit_code == 0);
  CHECK(site.row("gone").pid == gone);
  const auto done = site.run({"reload"});
  CHECK(done.output == plan);
  CHECK(done.status.exit_code == 0);
  CHECK(site.row("one").pid == one);
  CHECK(site.row("two:0").pid != two);
  CHECK(site.row("two:0").state == "RUNNING");
  CHECK(site.row("fresh").state == "RUNNING");
  CHECK(becomes_true([&] { return site.row("gone").state.empty(); }));
  CHECK_FALSE(is_alive(gone));

  const auto fresh = site.row("fresh").pid;
  site.write(sleepers(", env: {A: b}") +
             "  fresh: {command: [sleep, \"1000\"], restart: {limit: 1}}\n");
  CHECK(site.run({"reload"}).output == "update fresh (restart)\n");
  CHECK(site.row("fresh").pid == fresh);
}

TEST_CASE("reload: a faulty file changes nothing, and every fault is told") {
  Site site(sleepers());
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto one = site.row("one").pid;
  site.write("  one: {comand: [sleep, \"1\"]}\n");
  const auto done = site.run({"reload"});
  CHECK(done.status.exit_code == 2);
  CHECK(done.errors.find("daemonz.yml:2:") != std::string::npos);
  site.write("  one: {command: [no-such-program]}\n");
  const auto missing = site.run({"reload"});
  CHECK(missing.status.exit_code == 1);
  CHECK(missing.errors.find("no-such-program is neither") != std::string::npos);
  CHECK(site.row("one").pid == one);
  CHECK(site.row("two:1").state == "RUNNING");
}

TEST_CASE("reload: a log file that cannot be opened changes nothing and ends nobody") {
  Site site("  one: {command: [sleep, \"1000\"]}\n");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto supervisor = site.supervisor();
  const auto one = site.row("one").pid;
  const std::string log = ", log: {path: /proc/nowhere/one.log}}\n";
  for (const auto& changed :
       {"  one: {command: [sleep, \"1000\"]" + log, "  one: {command: [sleep, \"1001\"]" + log,
        "  one: {command: [sleep, \"1000\"]}\n  fresh: {command: [sleep, "
        "\"1000\"]}\n  more: {command: [sleep, \"1000\"]" +
            log}) {
    CAPTURE(changed);
    site.write(changed);
    const auto done = site.run({"reload"});
    CHECK(done.status.exit_code == 1);
    CHECK(done.errors.find("/proc/nowhere/one.log: cannot open") != std::string::npos);
    CHECK(site.supervisor() == supervisor);
    CHECK(site.row("one").pid == one);
    CHECK(site.row("fresh").pid == 0);
  }
  site.write("  one: {command: [sleep, \"1000\"]}\n  fresh: {command: [sleep, \"1000\"]}\n");
  CHECK(site.run({"reload"}).output == "start fresh\n");
  CHECK(site.row("one").pid == one);
  CHECK(site.row("fresh").state == "RUNNING");
}

TEST_CASE("reload: SIGHUP does it too") {
  Site site(sleepers());
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  site.write(sleepers() + "  fresh: {command: [sleep, \"1000\"]}\n");
  ::kill(site.supervisor(), SIGHUP);
  CHECK(becomes_true([&] { return site.row("fresh").state == "RUNNING"; }));
  const auto fresh = static_cast<pid_t>(site.row("fresh").pid);
  site.write("  one: {comand: [sleep, \"1\"]}\n");
  ::kill(site.supervisor(), SIGHUP);
  CHECK(becomes_true(
      [&] { return site.file("log/daemonz.log").find("not reloaded") != std::string::npos; }));
  CHECK(is_alive(fresh));
  site.write(sleepers());
}

TEST_CASE("reload: another log file needs no other process, and no line is lost") {
  const auto chatter = [](const std::string& log) {
    return "  chatter:\n    command: [sh, -c, \"i=0; while read line; do i=$((i+1)); echo $i; "
           "done <fifo\"]\n    log: {path: " +
           log + "}\n";
  };
  Site site(chatter("log/a.log"));
  const auto path = site.folder() / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const UniqueFd fifo(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto pid = site.row("chatter").pid;
  REQUIRE(::write(fifo.get(), "\n", 1) == 1);
  CHECK(becomes_true([&] { return site.file("log/a.log") == "1\n"; }));
  site.write(chatter("log/b.log"));
  CHECK(site.run({"reload"}).output == "update chatter (log)\n");
  REQUIRE(::write(fifo.get(), "\n", 1) == 1);
  CHECK(becomes_true([&] { return site.file("log/b.log") == "2\n"; }));
  CHECK(site.row("chatter").pid == pid);
}

TEST_CASE("scale: touches only new or surplus instances, and is remembered") {
  Site site(sleepers());
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto one = site.row("one").pid, first = site.row("two:0").pid;
  const auto second = static_cast<pid_t>(site.row("two:1").pid);
  CHECK(site.run({"scale", "two=4"}).output == "start two:2\nstart two:3\n");
  CHECK(site.row("two:3").state == "RUNNING");
  CHECK(site.row("two:0").pid == first);
  CHECK(site.run({"reload"}).errors == "daemonz: nothing has changed\n");
  CHECK(site.run({"scale", "two=1"}).output.find("stop two:1\n") != std::string::npos);
  CHECK(becomes_true([&] { return site.row("two:1").state.empty() && !is_alive(second); }));
  CHECK(site.row("two").pid == first);
  REQUIRE(site.run({"restart"}).status.exit_code == 0);
  CHECK(site.row("two").state == "RUNNING");
  site.write(
      "  one: {command: [sleep, \"1000\"]}\n"
      "  two: {command: [sleep, \"1000\"], instances: 3}\n");
  CHECK(site.run({"reload"}).status.exit_code == 0);  // the file has said something newer
  CHECK(site.row("two:2").state == "RUNNING");
  CHECK(one > 0);
  CHECK(site.run({"scale", "nobody=2"}).status.exit_code == 1);
  CHECK(site.run({"scale", "two"}).status.exit_code == 2);
}

TEST_CASE("restart: rolling goes one after the other, and it stops at the first that fails") {
  const Site site(R"(
  web:
    command: [sh, -c, "test ! -e broken.$DAEMONZ_INDEX || exit 3; exec python3 notifier.py"]
    instances: 3
    ready: {notify: true}
    restart: {limit: 1, delay: 1ms}
)");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto done = site.run({"restart", "--rolling", "web"});
  CHECK(done.status.exit_code == 0);
  CHECK(done.errors ==
        "daemonz: web:0 is up again (1 of 3)\ndaemonz: web:1 is up again (2 of 3)\n"
        "daemonz: web:2 is up again (3 of 3)\n");
  const auto log = site.file("log/daemonz.log");
  const auto again = log.rfind("instance ready name=web:0");
  CHECK(again < log.rfind("child ended name=web:1"));
  CHECK(log.rfind("instance ready name=web:1") < log.rfind("child ended name=web:2"));

  std::ofstream(site.folder() / "broken.1") << "";
  const auto last = site.row("web:2").pid;
  const auto failed = site.run({"restart", "--rolling"});
  CHECK(failed.status.exit_code == 1);
  CHECK(failed.errors.find("1 instances were not restarted") != std::string::npos);
  CHECK(site.row("web:2").pid == last);
}
