// What outlives the supervisor: its children, their output, and what people have asked for.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "supervisor/site.h"

using namespace daemonz;
using namespace daemonz::tests;

namespace {

const std::string counters = R"(
  notifier: {command: [/usr/bin/python3, notifier.py], ready: {notify: true}, start_order: 1}
  counter:
    command: [sh, -c, "echo one; while read line; do echo $line; done <fifo.$DAEMONZ_INDEX; exit 7"]
    instances: 2
    start_order: 2
)";

void kill_supervisor(const Site& site) {
  const auto supervisor = *process::identity_of(site.supervisor());
  ::kill(supervisor.pid, SIGKILL);
  REQUIRE(becomes_true([&] { return !process::is_running(supervisor); }));
}

// The two counters read from these.
struct Fifos {
  explicit Fifos(const Site& site) {
    for (int i = 0; i < 2; ++i) {
      const auto path = site.folder() / ("fifo." + std::to_string(i));
      REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
      fds[i].reset(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    }
  }
  void say(int index, const std::string& text) const {
    REQUIRE(::write(fds[index].get(), text.data(), text.size()) ==
            static_cast<ssize_t>(text.size()));
  }
  UniqueFd fds[2];
};

}  // namespace

TEST_CASE("adoption: after kill -9 of the supervisor the next one starts nothing twice") {
  const Site site(counters);
  const Fifos fifos(site);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto home = site.home();
  const auto before = process::processes_with_token_prefix(home.token_prefix);
  REQUIRE(before.size() == 3);
  kill_supervisor(site);
  CHECK(site.run({"status"}).status.exit_code == 1);
  fifos.say(0, "two\n");  // written while nobody reads it

  CHECK(site.run({"start"}).status.exit_code == 0);
  for (const auto& identity : before) CHECK(process::is_running(identity));
  CHECK(process::processes_with_token_prefix(home.token_prefix).size() == 3);
  CHECK(site.row("counter:0").state == "ADOPTED");
  CHECK(site.row("counter:0").is_ready);
  CHECK(site.row("notifier").state == "ADOPTED");
  CHECK(site.run({"status"}).status.exit_code == 0);
  CHECK(becomes_true([&] { return site.file("log/counter.0.log") == "one\ntwo\n"; }));

  ::kill(static_cast<pid_t>(site.row("counter:1").pid), SIGKILL);
  CHECK(becomes_true([&] { return site.row("counter:1").state == "RUNNING"; }));
  CHECK(site.row("counter:1").restarts == 1);
  CHECK(site.row("counter:1").why == "killed by SIGKILL");
  CHECK(site.run({"stop"}).status.exit_code == 0);
  CHECK(process::processes_with_token_prefix(home.token_prefix).empty());
}

TEST_CASE("adoption: what start has called ready is recorded before it says so") {
  const Site site(R"(
  one:
    command: [sh, -c, "exec sleep 1000"]
    ready: {exec: ["true"]}
)");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto text = site.file("tmp/daemonz/state.json");  // as after a kill -9 in this moment
  CHECK(text.find("\"ready\":true") != std::string::npos);
}

TEST_CASE("adoption: the exit code of an adopted child is known, and one that died alone is not") {
  const Site site(counters);
  const Fifos fifos(site);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto alone = static_cast<pid_t>(site.row("counter:1").pid);
  kill_supervisor(site);
  ::kill(alone, SIGKILL);
  CHECK(becomes_true([&] { return !is_alive(alone); }));
  CHECK(site.run({"start"}).status.exit_code == 0);
  CHECK(site.row("counter:1").state == "RUNNING");
  CHECK(site.row("counter:1").pid != alone);
  const auto adopted = static_cast<pid_t>(site.row("counter:0").pid);
  ::kill(adopted, SIGTERM);
  CHECK(becomes_true([&] { return site.row("counter:0").restarts == 1; }));
  CHECK(site.row("counter:0").why == "killed by SIGTERM");
}

TEST_CASE("adoption: stop --keep and start are the upgrade; what has changed is restarted") {
  Site site(counters);
  const Fifos fifos(site);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto notifier = site.row("notifier").pid, counter = site.row("counter:0").pid;
  const auto old_supervisor = site.supervisor();
  CHECK(site.run({"stop", "--keep"}).status.exit_code == 0);
  CHECK_FALSE(is_alive(old_supervisor));
  CHECK(is_alive(static_cast<pid_t>(counter)));
  auto changed = counters;
  changed.replace(changed.find("echo one"), 8, "echo new");
  site.write(changed);
  CHECK(site.run({"start"}).status.exit_code == 0);
  CHECK(site.row("notifier").pid == notifier);
  CHECK(site.row("notifier").state == "ADOPTED");
  CHECK(site.row("counter:0").pid != counter);
  CHECK(becomes_true([&] { return site.file("log/counter.0.log") == "one\nnew\n"; }));
}

TEST_CASE("adoption: stop --keep is refused where the next supervisor would know of nothing") {
  const Site site("  one: {command: [sleep, \"1000\"]}\n");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto one = site.row("one").pid;
  const auto in_the_way = site.home().state_file + ".new";
  REQUIRE(::mkdir(in_the_way.c_str(), 0700) == 0);  // as a full disk
  const auto refused = site.run({"stop", "--keep"});
  CHECK(refused.status.exit_code == 1);
  CHECK(refused.errors.find("state.json cannot be written") != std::string::npos);
  CHECK(site.row("one").state == "RUNNING");
  std::filesystem::remove(in_the_way);
  CHECK(site.run({"stop", "--keep"}).status.exit_code == 0);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  CHECK(site.row("one").pid == one);
}

TEST_CASE("adoption: a one-shot that had ended well is not run again") {
  const Site site(R"(
  setup: {command: [sh, -c, "echo done"], restart: {policy: never}}
  main: {command: [sleep, "1000"], depends_on: {setup: completed}}
)");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  kill_supervisor(site);
  CHECK(site.run({"start"}).status.exit_code == 0);
  CHECK(site.row("setup").state == "EXITED");
  CHECK(site.file("log/setup.0.log") == "done\n");
  CHECK(site.row("main").state == "ADOPTED");
}

TEST_CASE("adoption: what is not in the file any more is ended") {
  Site site("  old: {command: [sleep, \"1000\"]}\n  one: {command: [sleep, \"1000\"]}\n");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto old = process::identity_of(static_cast<pid_t>(site.row("old").pid));
  const auto one = site.row("one").pid;
  REQUIRE(old);
  kill_supervisor(site);
  site.write("  one: {command: [sleep, \"1000\"]}\n");
  CHECK(site.run({"start"}).status.exit_code == 0);
  CHECK_FALSE(process::is_running(*old));  // its number alone may be another process by now
  CHECK(site.row("one").pid == one);
}

TEST_CASE("adoption: an adopted daemon still says READY, STATUS and WATCHDOG") {
  Site site("  slow: {command: [/usr/bin/python3, slow.py], ready: {notify: true}}\n");
  std::ofstream(site.folder() / "slow.py") << R"py(
import os, signal, socket
os.mkfifo("go")
print("waits", flush=True)
open("go").read()
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b"READY=1\nSTATUS=came late", os.environ["NOTIFY_SOCKET"])
signal.pause()
)py";
  REQUIRE(site.run({"start", "--no-wait"}).status.exit_code == 0);
  REQUIRE(becomes_true([&] { return site.file("log/slow.0.log") == "waits\n"; }));
  const auto pid = site.row("slow").pid;
  kill_supervisor(site);
  REQUIRE(site.run({"start", "--no-wait"}).status.exit_code == 0);
  CHECK(site.row("slow").state == "STARTING");
  std::ofstream(site.folder() / "go") << "go";
  CHECK(becomes_true([&] { return site.row("slow").is_ready; }));
  CHECK(site.row("slow").pid == pid);
}

TEST_CASE("adoption: what an earlier run has said does not make one ready that is taken over") {
  const Site site(R"(
  slow:
    command: [sh, -c, "test ! -e go || read line <go; echo up; exec sleep 1000"]
    ready: {log: "^up"}
)");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  REQUIRE(site.run({"stop"}).status.exit_code == 0);
  REQUIRE(::mkfifo((site.folder() / "go").c_str(), 0600) == 0);
  REQUIRE(site.run({"start", "--no-wait"}).status.exit_code == 0);
  const auto pid = site.row("slow").pid;
  kill_supervisor(site);
  REQUIRE(site.run({"start", "--no-wait"}).status.exit_code == 0);
  CHECK(site.row("slow").state == "STARTING");
  std::ofstream(site.folder() / "go") << "go\n";
  CHECK(becomes_true([&] { return site.row("slow").is_ready; }));
  CHECK(site.row("slow").pid == pid);
}

TEST_CASE("adoption: what a person has stopped stays stopped, whoever starts the rest") {
  const Site site(R"(
  one: {command: [sleep, "1000"]}
  two: {command: [sleep, "1000"], instances: 2}
)");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  REQUIRE(site.run({"stop", "two:1"}).status.exit_code == 0);
  kill_supervisor(site);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  CHECK(site.row("two:1").state == "STOPPED");
  REQUIRE(site.run({"stop"}).status.exit_code == 0);
  std::filesystem::remove(site.home().state_file);  // as after a reboot
  const auto started = site.run({"start"});
  CHECK(started.status.exit_code == 0);
  CHECK(started.errors.find("kept stopped, as asked for (`daemonz start NAME` starts it): two:1") !=
        std::string::npos);
  CHECK(site.row("two:1").state == "STOPPED");
  CHECK(site.row("two:0").state == "RUNNING");
  CHECK(site.run({"status"}).status.exit_code == 0);
  REQUIRE(site.run({"stop"}).status.exit_code == 0);
  REQUIRE(site.run({"start", "two:1"}).status.exit_code == 0);  // that is a wish, too
  REQUIRE(site.run({"restart"}).status.exit_code == 0);
  CHECK(site.row("two:1").state == "RUNNING");
}

TEST_CASE("adoption: what is stopped while no supervisor runs stays stopped at the next start") {
  const Site site(R"(
  one: {command: [sleep, "1000"]}
  two: {command: [sleep, "1000"], instances: 3}
)");
  const auto noted = site.run({"stop", "two:0"});
  CHECK(noted.status.exit_code == 0);
  CHECK(noted.errors == "daemonz: was not running; noted for the next start\n");
  CHECK(site.run({"status"}).status.exit_code == 3);
  CHECK(site.run({"stop", "three"}).status.exit_code == 1);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  CHECK(site.row("two:0").state == "STOPPED");
  const auto one = site.row("one").pid, first = site.row("two:1").pid,
             second = site.row("two:2").pid;

  kill_supervisor(site);
  CHECK(site.run({"stop", "two:1"}).status.exit_code == 0);
  CHECK(becomes_true([&] { return !is_alive(static_cast<pid_t>(first)); }));
  CHECK(site.run({"status"}).status.exit_code == 1);  // it has died, and that is still told
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  CHECK(site.row("one").pid == one);
  CHECK(site.row("two:1").state == "STOPPED");

  REQUIRE(site.run({"stop", "--keep"}).status.exit_code == 0);
  CHECK(site.run({"stop", "two"}).status.exit_code == 0);
  CHECK(becomes_true([&] { return !is_alive(static_cast<pid_t>(second)); }));
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  CHECK(site.row("one").pid == one);
  CHECK(site.row("two:2").state == "STOPPED");

  REQUIRE(site.run({"stop"}).status.exit_code == 0);
  REQUIRE(site.run({"start", "two:1"}).status.exit_code == 0);
  REQUIRE(site.run({"restart"}).status.exit_code == 0);
  CHECK(site.row("two:1").state == "RUNNING");
  CHECK(site.row("two:2").state == "STOPPED");
}
