// What the real daemonz shows: events, completion, the unit file, and what it says to systemd.
#include <doctest/doctest.h>

#include "process/launch.h"
#include "process/notify.h"
#include "supervisor/commands.h"
#include "supervisor/site.h"
#include "support/places.h"

using namespace daemonz;
using namespace daemonz::tests;

namespace {

const std::string two_sleepers = R"(
  queue: {command: [sleep, "1000"]}
  processor: {command: [sleep, "1000"], instances: 2}
)";

// What bash would offer at the end of this line.
std::string completed(const Site& site, const std::string& line) {
  const auto script =
      "PATH=" + tests::program_path("") + ":$PATH; source <(daemonz completion bash); COMP_LINE='" +
      line + "' COMP_POINT=" + std::to_string(line.size()) + "; _daemonz; echo \"${COMPREPLY[*]}\"";
  auto result = process::run({.argv = {"bash", "-c", script},
                              .working_folder = site.folder().path().string(),
                              .time_limit = Seconds(60)});
  CHECK(result.errors.empty());
  return result.output.substr(0, result.output.find('\n'));
}

}  // namespace

TEST_CASE("view: events tells of each change of a state, of the chosen instances, until the end") {
  const Site site(two_sleepers);
  CHECK(site.run({"events"}).errors.find("not running") != std::string::npos);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  CHECK(site.run({"events", "nobody"}).errors.find("no daemon nobody") != std::string::npos);
  const auto path = site.folder() / "events";
  const auto listen = "exec " + tests::program_path("daemonz") +
                      " events --json processor:1 --config " + site.config_path() + " >" + path +
                      " 2>&1";
  auto listener = process::launch({.argv = {"sh", "-c", listen}});
  // It is listening when it is told of a restart.
  CHECK(becomes_true([&] {
    static_cast<void>(site.run({"restart", "processor:1"}));
    return site.file("events").find("RUNNING") != std::string::npos;
  }));
  REQUIRE(site.run({"restart", "processor:0"}).status.exit_code == 0);
  CHECK(site.run({"stop"}).status.exit_code == 0);
  CHECK(listener.wait(std::chrono::steady_clock::now() + Seconds(20))->exit_code == 1);
  std::istringstream lines(site.file("events"));
  std::string before, line;
  bool is_stopping = false;
  while (std::getline(lines, line) && line[0] == '{') {
    const auto event = json::parse(line).as_object();
    CHECK(json::integer_of(event, "version") == 1);
    if (json::string_of(event, "event") == "supervisor") {
      is_stopping = json::string_of(event, "state") == "stopping";
      continue;
    }
    CHECK(json::string_of(event, "name") == "processor:1");
    if (!before.empty()) CHECK(json::string_of(event, "before") == before);  // none is missing
    before = *json::string_of(event, "state");
  }
  CHECK(before == "STOPPED");
  CHECK(is_stopping);
  CHECK(line == "daemonz: the supervisor has ended");
}

TEST_CASE("view: bash completes commands, options and the names of the configuration's daemons") {
  const Site site(two_sleepers);
  CHECK(completed(site, "daemonz sta") == "start status");
  CHECK(completed(site, "daemonz systemd") == "systemd-unit");
  CHECK(completed(site, "daemonz restart ") == "processor processor:0 processor:1 queue");
  CHECK(completed(site, "daemonz restart queue p") == "processor processor:0 processor:1");
  CHECK(completed(site, "daemonz stop processor:") ==
        "0 1");  // bash has ended the word at the colon
  CHECK(completed(site, "daemonz status --js") == "--json");
  CHECK(completed(site, "daemonz --config config/daemonz.yml logs q") == "queue");
  CHECK(completed(site, "daemonz --config /no/such stop q").empty());
  CHECK(completed(site, "daemonz signal T") == "TERM");
  CHECK(completed(site, "daemonz signal TERM qu") == "queue");
  CHECK(completed(site, "daemonz completion ") == "bash");
  CHECK(completed(site, "daemonz check q").empty());
}

TEST_CASE("view: the unit file runs this program with this configuration, and quotes its paths") {
  const Site site(two_sleepers);
  const auto unit = site.run({"systemd-unit"});
  CHECK(unit.status.exit_code == 0);
  for (const auto& line :
       {std::string("Type=notify"), std::string("Delegate=yes"), std::string("KillMode=process"),
        std::string("WatchdogSec=30"), "WorkingDirectory=" + site.folder().path().string(),
        "run --config \"" + site.config_path() + "\""})
    CHECK(unit.output.find(line + "\n") != std::string::npos);
  if (process::find_program("systemd-analyze")) {
    const auto file = site.folder() / "daemonz.service";
    std::ofstream(file) << unit.output;
    const auto verdict = process::run({.argv = {"systemd-analyze", "verify", file}});
    CHECK(verdict.errors == "");
    CHECK(verdict.status.exit_code == 0);
  }
  const auto strange = site.folder() / "100% \"$x\".yml";
  std::filesystem::copy_file(site.config_path(), strange);
  const auto quoted =
      process::run({.argv = {tests::program_path("daemonz"), "systemd-unit", "--config", strange}});
  CHECK(quoted.output.find("/100%% \\\"$$x\\\".yml\"\n") != std::string::npos);
}

TEST_CASE("view: systemd is told when all is ready, how it stands, of the end, and that it lives") {
  const Site site(two_sleepers);
  const auto path = site.folder() / "systemd.sock";
  const auto systemd = process::NotifySocket::open(path);
  auto child = process::launch({.argv = {"env", "NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=100000",
                                         tests::program_path("daemonz"), "run", "--log-level",
                                         "off", "--config", site.config_path()}});
  std::vector<process::Notification> heard;
  const auto is_heard = [&](const std::string& key, const std::string& value) {
    while (auto one = systemd.receive()) heard.push_back(std::move(*one));
    return std::any_of(heard.begin(), heard.end(),
                       [&](const auto& one) { return one.has(key, value); });
  };
  CHECK(becomes_true([&] { return is_heard("READY", "1"); }));
  CHECK(is_heard("STATUS", "3 of 3 ready"));
  const auto status = site.run({"status"});
  CHECK(status.status.exit_code == 0);  // READY is said when it is true
  heard.clear();
  CHECK(becomes_true([&] { return is_heard("WATCHDOG", "1"); }));
  CHECK(heard.front().sender == child.pid());
  REQUIRE(site.run({"stop", "queue"}).status.exit_code == 0);
  CHECK(becomes_true([&] { return is_heard("STATUS", "2 of 2 ready"); }));
  ::kill(child.pid(), SIGSTOP);  // a supervisor that hangs is silent
  while (systemd.receive()) continue;
  heard.clear();
  ::poll(nullptr, 0, 300);
  CHECK_FALSE(is_heard("WATCHDOG", "1"));
  ::kill(child.pid(), SIGCONT);
  child.signal(SIGTERM);
  CHECK(child.wait(std::chrono::steady_clock::now() + Seconds(20))->exit_code == 0);
  CHECK(is_heard("STOPPING", "1"));
}

TEST_CASE("view: systemd is told how long a stop may take, its command counted") {
  const Site site(R"(
  one: {command: [sleep, "1000"], stop: {command: ["true"], timeout: 40s}}
  two: {command: [sleep, "1000"], stop: {timeout: 5s}, depends_on: {one: started}}
)");
  const auto path = site.folder() / "systemd.sock";
  const auto systemd = process::NotifySocket::open(path);
  auto child =
      process::launch({.argv = {"env", "NOTIFY_SOCKET=" + path, tests::program_path("daemonz"),
                                "run", "--log-level", "off", "--config", site.config_path()}});
  REQUIRE(becomes_true([&] {
    const auto heard = systemd.receive();
    return heard && heard->has("READY", "1");
  }));
  child.signal(SIGTERM);
  CHECK(child.wait(std::chrono::steady_clock::now() + Seconds(20))->exit_code == 0);
  std::string time;
  while (const auto heard = systemd.receive())
    if (heard->has("STOPPING", "1")) time = heard->fields.at("EXTEND_TIMEOUT_USEC");
  CHECK(time == "95000000");  // command and signal of one, two, and 10 s for the supervisor
  const auto unit = site.run({"systemd-unit"}).output;
  CHECK(unit.find("TimeoutStopSec=115\n") != std::string::npos);   // and 30 s
  CHECK(unit.find("TimeoutStartSec=175\n") != std::string::npos);  // an earlier run's end, 2 x 30 s
}
