// Programs that daemonize themselves, as the Ruby daemonz started them: `pids`, `kill_patterns`,
// `delay_before_kill`, and stop commands of either form.
#include <doctest/doctest.h>

#include <csignal>

#include "supervisor/pid_files.h"
#include "supervisor/site.h"

using namespace daemonz;
using namespace daemonz::tests;

namespace {

// `forker.py up NAME [late|mute|brief]`: forks twice, writes NAME.pid, and lives until TERM, which
// it notes in NAME.log. late: the start command ends first. mute: no pid file. brief: dies at once.
// `forker.py down NAME [hang]`: the stop command: notes that it was called, and does no more.
constexpr const char* forker = R"py(
import os, signal, sys
verb, name, *modes = sys.argv[1:]
def note(text):
    with open(name + ".log", "a") as log:
        log.write(text + "\n")
if verb == "down":
    note("down")
    if "hang" in modes: signal.pause()
    sys.exit(0)
if "broken" in modes: sys.exit(7)
gate, done = os.pipe()
if os.fork():
    os.close(done)
    if "late" not in modes: os.read(gate, 1)
    os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
def end(*_):
    note("term")
    if "keeps" not in modes: os.unlink(name + ".pid")
    os._exit(0)
signal.signal(signal.SIGTERM, end)
if "brief" in modes: os._exit(3)
if "mute" not in modes:
    with open(name + ".new", "w") as file: file.write("%d\n" % os.getpid())
    os.rename(name + ".new", name + ".pid")
os.close(done)
while True: signal.pause()
)py";

struct Forkers : Site {
  explicit Forkers(const std::string& daemons) : Site(daemons) {
    std::ofstream(folder() / "forker.py") << forker;
  }
  [[nodiscard]] pid_t pid_in(const std::string& name) const {
    return static_cast<pid_t>(std::atoi(file(name).c_str()));
  }
};

std::string entry(const std::string& name, const std::string& args, const std::string& more = "") {
  return "  " + name + ":\n    :binary: /usr/bin/python3\n    :absolute_binary: true\n" +
         "    :start_args: forker.py up " + args + "\n    :pids: " + name + "*.pid\n" +
         "    :kill_patterns: [forker.py, " + name + "]\n" + more;
}

}  // namespace

TEST_CASE("forking: the daemonized process is supervised like any other") {
  for (const auto* mode : {"", " late"}) {
    const Forkers site(entry("a", std::string("a") + mode));
    REQUIRE(site.run({"start"}).status.exit_code == 0);
    const auto before = site.row("a");
    CHECK(before.state == "RUNNING");
    CHECK(before.pid == site.pid_in("a.pid"));
    CHECK(process::stat_of(static_cast<pid_t>(before.pid))->parent == site.supervisor());
    ::kill(static_cast<pid_t>(before.pid), SIGKILL);
    CHECK(becomes_true([&] {
      const auto now = site.row("a");
      return now.is_ready && now.pid != before.pid && now.pid == site.pid_in("a.pid");
    }));
    const auto home = site.home();
    CHECK(site.run({"stop"}).status.exit_code == 0);
    CHECK(process::processes_with_token_prefix(home.token_prefix).empty());
    CHECK_FALSE(std::filesystem::exists(site.folder() / "a.pid"));
    CHECK(site.file("a.log") == "term\n");
  }
}

TEST_CASE("forking: its pid file does not outlive it, though it leaves it behind") {
  const Forkers site(entry("a", "a keeps"));
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  REQUIRE(site.pid_in("a.pid") > 0);
  CHECK(site.run({"stop"}).status.exit_code == 0);
  CHECK_FALSE(std::filesystem::exists(site.folder() / "a.pid"));
}

TEST_CASE("forking: a start that comes to nothing says why") {
  struct Case {
    const char *mode, *why;
  };
  const std::string timing = "    ready: {timeout: 300ms}\n    restart: {policy: never}\n";
  for (const auto& [mode, why] :
       {Case{"broken", "a failed: start command: exit code 7"},
        Case{"brief", "a failed: it has ended before a pid file named it"},
        Case{"mute", "named it within 300ms"}}) {
    const Forkers site(entry("a", std::string("a ") + mode, timing));
    const auto started = site.run({"start"});
    CHECK(started.status.exit_code == 1);
    CHECK_MESSAGE(started.errors.find(why) != std::string::npos, started.errors);
    const auto home = site.home();
    CHECK(site.run({"stop"}).status.exit_code == 0);
    CHECK(process::processes_with_token_prefix(home.token_prefix).empty());
  }
}

TEST_CASE("forking: without rights and groups, too, none slips out of sight between its forks") {
  if (::geteuid() != 0) return;  // only root can become nobody
  std::string daemons;
  for (const auto* name : {"a", "b", "c", "d", "e", "f", "g", "h"})
    daemons += entry(name, std::string(name) + " late");
  Forkers site(daemons);
  site.become_nobody();
  CHECK(site.run({"start"}).status.exit_code == 0);
  for (const auto* name : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
    const auto row = site.row(name);
    CHECK(row.state == "RUNNING");
    CHECK(row.restarts == 0);
  }
}

TEST_CASE("forking: a pid file that names a stranger is not believed") {
  const Forkers site(entry("a", "a mute",
                           "    ready: {timeout: 300ms}\n"
                           "    restart: {policy: never}\n"));
  auto stranger = process::launch({.argv = {"sleep", "1000"}});
  std::ofstream(site.folder() / "a.pid") << stranger.pid() << '\n';
  CHECK(site.run({"start"}).status.exit_code == 1);
  CHECK(site.run({"stop"}).status.exit_code == 0);
  CHECK(is_alive(stranger.pid()));
  CHECK(std::filesystem::exists(site.folder() / "a.pid"));  // it may be somebody else's
}

namespace {

// Not started by this supervisor: only a pid file and its command line connect it.
process::Child stale_run(const Forkers& site, bool is_alike) {
  auto stale = process::launch(
      {.argv = {"sh", "-c", "sleep 1000 & wait", "sh", is_alike ? "forker.py a" : "else.py a"},
       .working_folder = site.folder().path()});
  std::ofstream(site.folder() / "a.old.pid") << stale.pid() << '\n';
  return stale;
}

}  // namespace

TEST_CASE("forking: what a stale run left is ended if all kill patterns match, and only then") {
  for (const bool is_alike : {true, false}) {
    const Forkers site(entry("a", "a"));
    auto stale = stale_run(site, is_alike);
    REQUIRE(site.run({"start"}).status.exit_code == 0);
    CHECK(is_alive(stale.pid()) == !is_alike);
    CHECK(site.row("a").pid == site.pid_in("a.pid"));
    CHECK(site.run({"stop"}).status.exit_code == 0);
    CHECK(std::filesystem::exists(site.folder() / "a.old.pid") == !is_alike);
    process::signal_tree({.leader = *process::identity_of(stale.pid())}, SIGKILL);
  }
}

TEST_CASE("forking: stop without a supervisor ends what a stale run left, by the same rule") {
  for (const bool is_alike : {true, false}) {
    const Forkers site(entry("a", "a"));
    auto stale = stale_run(site, is_alike);
    const auto stopped = site.run({"stop"});
    CHECK(stopped.status.exit_code == 0);
    const auto* const told =
        is_alike ? "ended 1 stale processes that pid files name" : "was not running";
    CHECK(stopped.errors.find(told) != std::string::npos);
    CHECK(is_alive(stale.pid()) == !is_alike);
    CHECK(std::filesystem::exists(site.folder() / "a.old.pid") == !is_alike);
    CHECK(site.run({"status"}).status.exit_code == 3);
    process::signal_tree({.leader = *process::identity_of(stale.pid())}, SIGKILL);
  }
}

TEST_CASE("forking: all kill patterns must stand in the command line") {
  CHECK(supervisor::matches("ruby script/ferret_server start ", {"ruby", "ferret"}));
  CHECK_FALSE(supervisor::matches("ruby script/ferret_server start ", {"ruby", "starling"}));
}

TEST_CASE("stopping: its command comes first, then the signal, then the end of all") {
  const Forkers site(
      entry("a", "a", "    :stop_args: forker.py down a\n    :delay_before_kill: 0.05\n"));
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  CHECK(site.run({"stop"}).status.exit_code == 0);
  CHECK(site.file("a.log") == "down\nterm\n");
}

TEST_CASE("stopping: a command that hangs is killed, and the signal follows") {
  const Forkers site(
      "  a:\n    command: [/usr/bin/python3, notifier.py]\n    ready: notify\n"
      "    stop: {command: [/usr/bin/python3, forker.py, down, a, hang], timeout: 300ms}\n");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  CHECK(site.run({"stop"}).status.exit_code == 0);
  CHECK(site.file("a.log") == "down\n");
  const auto log = site.file("log/daemonz.log");
  CHECK(log.find("stop command takes too long") < log.find("killed by SIGTERM"));
  CHECK(log.find("killed by SIGTERM") != std::string::npos);
}

TEST_CASE("stopping: a command that cannot be started does not keep a daemon alive") {
  const Forkers site("  a: {command: [sleep, '1000'], stop: {command: [./gone.sh]}}\n");
  std::ofstream(site.folder() / "gone.sh") << "#!/no/such/interpreter\n";
  std::filesystem::permissions(site.folder() / "gone.sh", std::filesystem::perms::owner_all);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  CHECK(site.run({"stop"}).status.exit_code == 0);
  CHECK(site.file("log/daemonz.log").find("stop command cannot be started") != std::string::npos);
}
