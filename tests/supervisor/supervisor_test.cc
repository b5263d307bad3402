// The real daemonz with real daemons, from start to stop.
#include "supervisor/supervisor.h"

#include <doctest/doctest.h>

#include "process/launch.h"
#include "process/notify.h"
#include "supervisor/site.h"
#include "support/places.h"

using namespace daemonz;
using namespace daemonz::tests;

namespace {

const std::string queue_and_processors = R"(
  queue: {command: [/usr/bin/python3, notifier.py], ready: {notify: true}, start_order: 1}
  processor:
    command: [sh, -c, "echo $DAEMONZ_INDEX $PORT; sleep 1000 & setsid sleep 1000 & wait"]
    instances: 2
    port: 4000
    start_order: 2
)";

}  // namespace

TEST_CASE("supervisor: start returns when all is ready, status shows it, stop leaves nothing") {
  const Site site(queue_and_processors);
  const auto home = site.home();
  const auto started = site.run({"start"});
  CHECK(started.status.exit_code == 0);
  CHECK(started.errors == "daemonz: started (3 instances)\n");
  for (const char* name : {"queue", "processor:0", "processor:1"}) {
    const auto row = site.row(name);
    CHECK(row.state == "RUNNING");
    CHECK(row.is_ready);
    CHECK(row.restarts == 0);
  }
  const auto table = site.run({"status"});
  CHECK(table.status.exit_code == 0);
  CHECK(table.output.starts_with("NAME         STATE    PID"));
  CHECK(becomes_true([&] { return site.file("log/processor.1.log") == "1 4001\n"; }));
  const auto supervisor = site.supervisor();
  const auto queue = static_cast<pid_t>(site.row("queue").pid);

  CHECK(site.run({"stop"}).status.exit_code == 0);
  CHECK_FALSE(is_alive(supervisor));
  CHECK_FALSE(is_alive(queue));
  CHECK(process::processes_with_token_prefix(home.token_prefix).empty());
  CHECK_FALSE(std::filesystem::exists(home.control_socket));
  CHECK_FALSE(std::filesystem::exists(home.notify_folder));
  CHECK((home.cgroup.empty() || !std::filesystem::exists(home.cgroup)));
  CHECK(site.run({"status"}).status.exit_code == 3);
  CHECK(site.run({"stop"}).status.exit_code == 0);
}

TEST_CASE("supervisor: waves start after the earlier one is ready and stop in reverse") {
  const Site site(queue_and_processors);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  REQUIRE(site.run({"stop"}).status.exit_code == 0);
  const auto log = site.file("log/daemonz.log");
  const auto at = [&log](const std::string& text) { return log.find(text); };
  CHECK(at("ready name=queue") < at("started name=processor:0"));
  CHECK(at("child ended name=processor:0") < at("child ended name=queue"));
  CHECK(at("child ended name=processor:1") < at("child ended name=queue"));
}

TEST_CASE("supervisor: a killed child comes back, its grandchildren do not stay") {
  const Site site(queue_and_processors);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto before = site.row("processor:1");
  ::kill(static_cast<pid_t>(before.pid), SIGKILL);
  CHECK(becomes_true([&] {
    const auto now = site.row("processor:1");
    return now.is_ready && now.pid != before.pid && now.restarts == 1;
  }));
  CHECK(site.row("processor:0").restarts == 0);
  // sh, sleep, setsid sleep: three for each of two, python and nothing else.
  CHECK(becomes_true(
      [&] { return process::processes_with_token_prefix(site.home().token_prefix).size() == 7; }));
}

TEST_CASE("supervisor: without cgroups a tree is found by session, descent and mark") {
  if (::geteuid() != 0) return;  // then the other tests have gone without cgroups already
  Site site(R"(
  one:
    command: [sh, -c, "sleep 1000 & setsid sleep 1000 & (setsid sleep 1000 &); wait"]
    instances: 2
)");
  site.become_nobody();
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto home = site.home();
  const auto count = [&] { return process::processes_with_token_prefix(home.token_prefix).size(); };
  CHECK(becomes_true([&] { return count() == 8; }));
  const auto before = site.row("one:1");
  ::kill(static_cast<pid_t>(before.pid), SIGKILL);
  CHECK(becomes_true([&] { return site.row("one:1").restarts == 1 && count() == 8; }));
  const auto supervisor = *process::identity_of(site.supervisor());
  ::kill(supervisor.pid, SIGKILL);
  CHECK(becomes_true([&] { return !process::is_running(supervisor); }));
  CHECK(site.run({"start"}).status.exit_code == 0);
  CHECK(becomes_true([&] { return count() == 8; }));
  CHECK(site.run({"stop"}).status.exit_code == 0);
  CHECK(count() == 0);
}

TEST_CASE("supervisor: stop ends what a killed supervisor left, and spares a recycled pid") {
  const Site site(queue_and_processors);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto home = site.home();
  const auto supervisor = *process::identity_of(site.supervisor());
  ::kill(supervisor.pid, SIGKILL);
  CHECK(becomes_true([&] { return !process::is_running(supervisor); }));
  // As if the pid of an instance had gone to a stranger: same pid, another start time.
  auto stranger = process::launch({.argv = {"sleep", "1000"}});
  auto text = site.file("tmp/daemonz/state.json");
  const auto at = text.find("\"instances\":[{\"pid\":") + 20;
  text.replace(at, text.find(',', at) - at, std::to_string(stranger.pid()));
  std::ofstream(home.state_file) << text;
  CHECK(site.run({"stop"}).status.exit_code == 0);
  CHECK(process::processes_with_token_prefix(home.token_prefix).empty());
  CHECK(is_alive(stranger.pid()));
  CHECK(site.run({"status"}).status.exit_code == 3);
}

TEST_CASE("supervisor: a daemon that fails is named with its exit code and its last lines") {
  const Site site(R"(
  good: {command: [sleep, "1000"]}
  bad: {command: [sh, -c, "echo port 22122 is in use >&2; exit 3"], ready: {notify: true}}
  after: {command: [sleep, "1000"], start_order: 5}
)");
  const auto started = site.run({"start"});
  CHECK(started.status.exit_code == 1);
  CHECK(started.errors.find("bad failed: exit code 3 (BACKOFF). Its log: log/bad.") !=
        std::string::npos);
  CHECK(started.errors.find("    port 22122 is in use\n") != std::string::npos);
  CHECK(started.errors.find("not started, waiting for others: after") != std::string::npos);
  CHECK(site.row("good").state == "RUNNING");
  CHECK(site.run({"status"}).status.exit_code == 1);
}

TEST_CASE("supervisor: a missing program stops the start before anything runs") {
  const Site site(R"(
  good: {command: [sleep, "1000"]}
  bad: {command: [no-such-program]}
)");
  const auto started = site.run({"start"});
  CHECK(started.status.exit_code == 1);
  CHECK(started.errors.find("daemons.bad.command: no-such-program is neither beside") !=
        std::string::npos);
  CHECK(site.run({"status"}).status.exit_code == 3);
}

TEST_CASE("supervisor: a folder that cannot be written to is named before anything runs") {
  for (const char* name : {"tmp", "log"}) {
    const Site site(queue_and_processors);
    std::ofstream(site.folder() / name) << "a file where a folder should be";
    const auto started = site.run({"start"});
    CHECK(started.status.exit_code == 1);
    CHECK(started.errors.find(site.folder() / name) != std::string::npos);
    CHECK(started.errors.find("cannot ") != std::string::npos);
    std::filesystem::remove(site.folder() / name);
    CHECK(site.run({"status"}).status.exit_code == 3);
  }
}

TEST_CASE("supervisor: in the foreground SIGTERM stops everything and gives exit code 0") {
  const Site site(queue_and_processors);
  auto child = process::launch({.argv = {tests::program_path("daemonz"), "run", "--log-level",
                                         "off", "--config", site.config_path()}});
  CHECK(becomes_true([&] { return site.run({"status"}).status.exit_code == 0; }));
  child.signal(SIGTERM);
  CHECK(child.wait(std::chrono::steady_clock::now() + Seconds(20))->exit_code == 0);
  CHECK(process::processes_with_token_prefix(site.home().token_prefix).empty());
}

TEST_CASE("supervisor: a bad file gives every fault, exit code 2, and nothing runs") {
  const Site site(R"(
  one: {comand: [sleep, "1"]}
  two: {command: [sleep, "1"], instances: many}
)");
  for (const char* command : {"start", "check", "run", "restart"}) {
    const auto result = site.run({command});
    CHECK(result.status.exit_code == 2);
    CHECK(result.errors.find("daemonz.yml:3:") != std::string::npos);
    CHECK(result.errors.find("daemonz.yml:4:") != std::string::npos);
  }
}

TEST_CASE("supervisor: who ignores TERM is killed after its time, with all it started") {
  const Site site(R"(
  deaf:
    command: [sh, -c, "trap '' TERM; setsid sleep 1000 & echo $!; while :; do sleep 1000; done"]
    stop: {timeout: 300ms}
)");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  CHECK(becomes_true([&] { return pids_in(site.file("log/deaf.0.log")).size() == 1; }));
  const auto pids = pids_in(site.file("log/deaf.0.log"));
  CHECK(site.run({"stop"}).status.exit_code == 0);
  for (const auto pid : pids) CHECK_FALSE(is_alive(pid));
  CHECK(site.file("log/daemonz.log").find("instance is killed") != std::string::npos);
}

TEST_CASE("supervisor: one instance can be stopped, started and restarted by name") {
  const Site site(queue_and_processors);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  CHECK(site.run({"stop", "processor:1"}).status.exit_code == 0);
  CHECK(site.row("processor:1").state == "STOPPED");
  CHECK(site.row("processor:0").state == "RUNNING");
  CHECK(site.run({"start", "processor:1"}).status.exit_code == 0);
  CHECK(site.row("processor:1").state == "RUNNING");
  const auto before = site.row("queue").pid;
  CHECK(site.run({"restart", "queue"}).status.exit_code == 0);
  CHECK(site.row("queue").pid != before);
  CHECK(site.row("queue").is_ready);
  const auto unknown = site.run({"stop", "nobody"});
  CHECK(unknown.status.exit_code == 1);
  CHECK(unknown.errors == "daemonz: there is no daemon nobody. daemonz status lists them\n");
}

TEST_CASE("supervisor: too many failures are fatal, and a vital one takes all with it") {
  const Site site(R"(
  good: {command: [sleep, "1000"]}
  bad:
    command: [sh, -c, "exit 5"]
    vital: true
    restart: {limit: 2, within: 60s, delay: 1ms, factor: 1}
)");
  const auto result = site.run({"run"});  // the foreground form: its exit code is the outcome
  CHECK(result.status.exit_code == 1);
  CHECK(result.errors.find("instance given up name=bad why=\"exit code 5\"") != std::string::npos);
  CHECK(site.run({"status"}).status.exit_code == 3);
}

TEST_CASE("supervisor: a one-shot that has ended well satisfies who waits for its completion") {
  const Site site(R"(
  setup: {command: [sh, -c, "echo done"], restart: {policy: never}}
  main: {command: [sleep, "1000"], depends_on: {setup: completed}}
)");
  CHECK(site.run({"start"}).status.exit_code == 0);
  CHECK(site.row("setup").state == "EXITED");
  CHECK(site.row("main").state == "RUNNING");
  CHECK(site.run({"status"}).status.exit_code == 0);
}

TEST_CASE("supervisor: what others await as completed is not started again when it ends well") {
  const Site site(R"(
  setup: {command: [sh, -c, "echo done"]}
  main: {command: [sleep, "1000"], depends_on: {setup: completed}}
)");
  CHECK(site.run({"start"}).status.exit_code == 0);
  CHECK(site.row("setup").state == "EXITED");
  CHECK(site.file("log/setup.0.log") == "done\n");
  CHECK(site.row("main").state == "RUNNING");
  const auto check = site.run({"check"}).output;
  CHECK(check.find("on-failure") != std::string::npos);
}

TEST_CASE("supervisor: a socket that answers makes a daemon ready") {
  Site site("  none: {command: [sleep, \"1\"]}\n");
  const auto path = site.folder() / "sample.sock";
  const auto server = "import socket,signal;s=socket.socket(socket.AF_UNIX);s.bind('" + path +
                      "');s.listen();signal.pause()";
  site.write("  server: {command: [/usr/bin/python3, -c, \"" + server +
             "\"], ready: {unix: " + path + "}}\n");
  CHECK(site.run({"start"}).status.exit_code == 0);
  CHECK(site.row("server").is_ready);
}

TEST_CASE("supervisor: an idle one does not wake up") {
  const Site site(queue_and_processors);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto wakeups = [pid = site.supervisor()] {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    std::string line;
    while (std::getline(status, line) && !line.starts_with("voluntary_ctxt_switches")) {
    }
    return line;
  };
  // The start's own last work ends soon; from then on a window without any wakeup must come.
  CHECK(becomes_true([&] {
    const auto before = wakeups();
    ::poll(nullptr, 0, 500);
    return before == wakeups();
  }));
}

TEST_CASE("supervisor: a name brings what it depends on, and nothing else") {
  const Site site(R"(
  queue: {command: [sleep, "1000"]}
  processor: {command: [sleep, "1000"], depends_on: {queue: ready}}
  other: {command: [sleep, "1000"]}
)");
  CHECK(site.run({"start", "processor"}).status.exit_code == 0);
  CHECK(site.row("queue").state == "RUNNING");
  CHECK(site.row("processor").state == "RUNNING");
  CHECK(site.row("other").state == "STOPPED");
}

TEST_CASE("supervisor: a silent daemon with a watchdog is ended and started again") {
  const Site site("  mute: {command: [sleep, \"1000\"], watchdog: 500ms}\n");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  CHECK(becomes_true([&] { return site.row("mute").restarts >= 1; }));
  CHECK(site.file("log/daemonz.log").find("no WATCHDOG=1 in time") != std::string::npos);
}

TEST_CASE("supervisor: children have the limits that the supervisor was started with") {
  const Site site(R"(
  plain: {command: [sh, -c, "ulimit -Sn; ulimit -Hn; exec sleep 1000"]}
  limited: {command: [sh, -c, "ulimit -n; exec sleep 1000"], limits: {nofile: 123}}
)");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  rlimit here{};
  ::getrlimit(RLIMIT_NOFILE, &here);
  CHECK(becomes_true([&] {
    return site.file("log/plain.0.log") ==
           std::to_string(here.rlim_cur) + "\n" + std::to_string(here.rlim_max) + "\n";
  }));
  CHECK(becomes_true([&] { return site.file("log/limited.0.log") == "123\n"; }));
}

TEST_CASE("supervisor: another user is not answered on the control socket, whatever its mode") {
  if (::geteuid() != 0) return;  // only root can become another user
  const Site site(queue_and_processors);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto socket = site.home().control_socket;
  for (auto path = std::filesystem::path(socket); path != site.folder().path().parent_path();
       path = path.parent_path())
    std::filesystem::permissions(path, std::filesystem::perms(0777));
  const std::string question = "{\"version\":1,\"command\":\"status\"}\n";
  const auto ask = [&](std::vector<std::string> argv) {
    argv.insert(argv.end(), {"nc", "-U", "-N", socket});
    return process::run({.argv = std::move(argv), .input = question, .time_limit = Seconds(20)})
        .output;
  };
  CHECK(ask({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}).empty());
  CHECK(ask({"env"}).find("\"ok\":true") != std::string::npos);
  CHECK(site.file("log/daemonz.log").find("control connection refused") != std::string::npos);
}

TEST_CASE("supervisor: strangers on the control socket do not disturb it") {
  const Site site(queue_and_processors);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto socket = site.home().control_socket;
  const auto said = process::run({.argv = {"nc", "-U", "-N", socket},
                                  .input = "nonsense\n{\"version\":1,\"command\":\"dance\"}\n",
                                  .time_limit = Seconds(5)});
  CHECK(said.output.find("not JSON") != std::string::npos);
  CHECK(said.output.find("there is no control command \\\"dance\\\"") != std::string::npos);
  CHECK(site.run({"status"}).status.exit_code == 0);
}

TEST_CASE(
    "supervisor: a helper that says READY=1 and is gone at once is heard, a stranger is not") {
  const Site site(R"(
  helped: {command: [/usr/bin/python3, helped.py], instances: 20, ready: {notify: true}}
  mute: {command: [sleep, "1000"], ready: {notify: true, timeout: 1s}, restart: {limit: 1}}
)");
  std::ofstream(site.folder() / "helped.py") << R"py(
import os, signal, socket
if os.fork() == 0:
  s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
  s.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
  os._exit(0)
os.wait()
signal.pause()
)py";
  CHECK(site.run({"start", "helped"}).errors == "daemonz: started (20 instances)\n");
  REQUIRE(site.run({"start", "mute", "--no-wait"}).status.exit_code == 0);
  CHECK(site.row("mute").state == "STARTING");
  process::Notifier(site.home().notify_folder + "/mute.0.sock").ready();
  CHECK(becomes_true([&] { return site.row("mute").state == "FATAL"; }));
}

TEST_CASE("supervisor: a child out of its reach does not take it down") {
  if (::geteuid() != 0) return;  // only root can make a setuid program
  Site site(R"(
  root: {command: [./setpriv, --reuid=0, sleep, "1000"]}
  one: {command: [sleep, "1000"]}
)");
  site.become_nobody();
  const auto program = site.folder() / "setpriv";
  std::filesystem::copy_file("/usr/bin/setpriv", program);
  std::filesystem::permissions(program, std::filesystem::perms(04755));
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto root = static_cast<pid_t>(site.row("root").pid);
  REQUIRE(site.run({"restart", "root", "--no-wait"}).status.exit_code == 0);
  CHECK(becomes_true([&] {
    return site.file("log/daemonz.log").find("cannot be signalled") != std::string::npos;
  }));
  CHECK(site.row("one").state == "RUNNING");
  ::kill(root, SIGKILL);
  CHECK(becomes_true([&] { return site.row("root").state == "RUNNING"; }));
  REQUIRE(site.run({"stop", "one"}).status.exit_code == 0);
  auto stop = process::launch(
      {.argv = {tests::program_path("daemonz"), "stop", "--config", site.config_path()}});
  ::kill(static_cast<pid_t>(site.row("root").pid), SIGKILL);
  CHECK(stop.wait(std::chrono::steady_clock::now() + Seconds(20))->exit_code == 0);
}
