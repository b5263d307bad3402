// What the commands of the real daemonz say and return: the good answers and the refusals.
#include "supervisor/commands.h"

#include <doctest/doctest.h>

#include <iterator>
#include <map>
#include <sstream>

#include "process/launch.h"
#include "supervisor/site.h"
#include "support/places.h"

using namespace daemonz;
using namespace daemonz::tests;

namespace {

const std::string queue_and_processors = R"(
  queue: {command: [/usr/bin/python3, notifier.py], ready: {notify: true}, start_order: 1}
  processor: {command: [sleep, "1000"], instances: 2, start_order: 2}
)";

}  // namespace

TEST_CASE("commands: start tells of a daemon without a ready check that dies at once") {
  for (const char* policy : {"always", "never"}) {
    const Site site("  bad: {command: [sh, -c, \"echo no disk; exit 7\"], restart: {policy: " +
                    std::string(policy) + "}}\n");
    const auto started = site.run({"start"});
    CHECK(started.status.exit_code == 1);
    CHECK(started.errors.find("bad failed: exit code 7") != std::string::npos);
    CHECK(started.errors.find("    no disk\n") != std::string::npos);
  }
}

TEST_CASE("commands: a start that is stopped meanwhile, or given up, is no start") {
  const Site site(R"(
  slow: {command: [sleep, "1000"], ready: {notify: true}}
)");
  auto start = process::launch(
      {.argv = {tests::program_path("daemonz"), "start", "--config", site.config_path()}});
  CHECK(becomes_true([&] { return site.run({"status"}).status.exit_code == 4; }));
  CHECK(site.run({"stop"}).status.exit_code == 0);
  CHECK(start.wait(std::chrono::steady_clock::now() + Seconds(20))->exit_code == 1);

  const Site fatal(R"(
  slow: {command: [sleep, "1000"], ready: {notify: true}}
  vital:
    command: [sh, -c, "exit 5"]
    ready: {notify: true}
    vital: true
    restart: {limit: 1, delay: 1ms}
)");
  const auto started = fatal.run({"start"});
  CHECK(started.status.exit_code == 1);
  CHECK(started.errors.find("vital failed: exit code 5 (FATAL)") != std::string::npos);
  CHECK(started.errors.find("stopped before it was up: slow") != std::string::npos);
  CHECK(becomes_true([&] { return fatal.run({"status"}).status.exit_code == 3; }));
}

TEST_CASE("commands: a wrong word on the command line is named, and nothing is done") {
  const Site site(queue_and_processors);
  const auto talk = [&site](const std::string& line, int exit_code) {
    std::istringstream words(line);
    const auto result = site.run({std::istream_iterator<std::string>(words), {}});
    CHECK(result.status.exit_code == exit_code);
    CHECK(result.output.empty());
    return result.errors;
  };
  CHECK(talk("dance", 2).find("dance") != std::string::npos);
  CHECK(talk("", 2).find("daemonz --help") != std::string::npos);
  CHECK(talk("reload --dry-run", 1).find("the supervisor is not running") != std::string::npos);
  CHECK(talk("scale one", 2).find("\"one\" is not NAME=NUMBER") != std::string::npos);
  CHECK(talk("stop --keep", 1).find("the supervisor is not running") != std::string::npos);
  CHECK(talk("stop nobody", 1).find("there is no daemon nobody") != std::string::npos);
  CHECK(talk("status --fields name,size", 2).find("size") != std::string::npos);
  CHECK(talk("logs -n -1", 2).find("-1") != std::string::npos);
  CHECK(talk("logs queue nobody", 1).find("there is no daemon nobody") != std::string::npos);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  CHECK(talk("status nobody", 4).find("there is no daemon nobody") != std::string::npos);
  CHECK(site.run({"status", "nobody", "--json"}).output.find("\"ok\":false") != std::string::npos);
}

TEST_CASE("commands: status shows the fields that are asked for, in their order") {
  const Site site(queue_and_processors);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  CHECK(site.run({"status", "--fields=state,name"}).output ==
        "STATE    NAME\nRUNNING  queue\nRUNNING  processor:0\nRUNNING  processor:1\n");
  CHECK(site.run({"status", "--fields", "state,name", "queue"}).output ==
        "STATE    NAME\nRUNNING  queue\n");
}

TEST_CASE("commands: a disabled installation is not run in the foreground either") {
  const Site site("  one: {command: [sleep, \"1000\"]}\ndisabled: true\n");
  for (const char* command : {"start", "run"}) {
    const auto result = site.run({command});
    CHECK(result.status.exit_code == 0);
    CHECK(result.errors.find("To start anyway: --force") != std::string::npos);
  }
  CHECK(site.run({"start", "--force"}).status.exit_code == 0);
  CHECK(site.row("one").state == "RUNNING");
}

TEST_CASE("commands: a root_path that is not there is named, and not made") {
  const Site site("  one: {command: [sleep, \"1000\"]}\nroot_path: /no/such/site\n");
  const auto started = site.run({"start"});
  CHECK(started.status.exit_code == 1);
  CHECK(started.errors.find("root_path: there is no folder /no/such/site") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists("/no"));
}

TEST_CASE("commands: logs shows the last lines by name") {
  const Site site("  one: {command: [sh, -c, \"seq 20; exec sleep 1000\"]}\n");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  CHECK(becomes_true([&] { return site.file("log/one.0.log").ends_with("20\n"); }));
  CHECK(site.run({"logs", "one", "-n", "3"}).output == "18\n19\n20\n");
}

TEST_CASE("commands: a second start names the holder of the lock") {
  const Site site(queue_and_processors);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto second = site.run({"start"});
  CHECK(second.status.exit_code == 1);
  CHECK(second.errors == "daemonz: cannot start: already running (pid " +
                             std::to_string(site.supervisor()) +
                             " holds tmp/daemonz/daemonz.lock). To restart it: daemonz restart\n");
}

TEST_CASE("commands: logs -f shows every line of several daemons once, across turns of the files") {
  const Site site(R"(
  one: {command: [bash, go.sh, one], restart: {policy: never}, log: {max_size: 2K, keep: 500}}
  two: {command: [bash, go.sh, two], restart: {policy: never}, log: {max_size: 3K, keep: 500}}
)");
  std::ofstream(site.folder() / "go.sh")
      << "echo $1 is there\nuntil [ -e go ]; do read -rt 0.01 <> <(:); done\n"
         "seq -f \"$1 %g\" 20000\necho $1 is done\n";
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto path = site.folder() / "shown";
  const auto follow = "exec " + tests::program_path("daemonz") + " logs -f one two --config " +
                      site.config_path() + " >" + path;
  auto logs = process::launch({.argv = {"sh", "-c", follow}});
  const auto holds = [&](const char* text) {
    return becomes_true([&] { return site.file("shown").find(text) != std::string::npos; });
  };
  CHECK(holds("one is there\n"));
  CHECK(holds("two is there\n"));
  std::ofstream(site.folder() / "go") << "";
  CHECK(holds("one is done\n"));
  CHECK(holds("two is done\n"));
  logs.signal(SIGINT);
  CHECK(logs.wait(std::chrono::steady_clock::now() + Seconds(20))->exit_code == 0);
  CHECK(std::filesystem::exists(site.folder() / "log/one.0.log.1"));
  std::istringstream lines(site.file("shown"));
  std::map<std::string, std::string> said;
  for (std::string line, name; std::getline(lines, line);) {
    if (line.starts_with("==>")) {
      name = line.substr(line.rfind('/') + 1, 3);
      continue;
    }
    CHECK(line.starts_with(name));  // under its own name, and whole
    said[line.substr(0, 3)] += line + "\n";
  }
  for (const std::string name : {"one", "two"}) {
    std::string expected = name + " is there\n";
    for (int i = 1; i <= 20000; ++i) expected += name + " " + std::to_string(i) + "\n";
    CHECK((said[name] == expected + name + " is done\n"));
  }
}

TEST_CASE("commands: a file that has become faulty keeps nobody from status and stop") {
  Site site("  one: {command: [sleep, \"1000\"]}\n");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto pid = static_cast<pid_t>(site.row("one").pid);
  REQUIRE(is_alive(pid));
  site.write("  one: {comand: [sleep, \"1000\"]}\n");
  CHECK(site.run({"status"}).status.exit_code == 0);
  CHECK(site.run({"reload"}).status.exit_code != 0);
  const auto stopped = site.run({"stop"});
  CHECK(stopped.status.exit_code == 0);
  CHECK(stopped.errors.find("comand") != std::string::npos);
  CHECK_FALSE(is_alive(pid));
  CHECK(site.run({"start"}).status.exit_code == 2);
}
