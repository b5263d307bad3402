// What an instance is watched for, from its readiness on: the real daemonz with real daemons.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "supervisor/site.h"

using namespace daemonz;
using namespace daemonz::tests;

namespace {

// Answers GET / with the status that stands in the file `answer`, on the unix or TCP socket that it
// is given; says which port it got.
const char* const web = R"py(
import os, socket, sys
s = socket.socket()
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen()
print("listening on", s.getsockname()[1], flush=True)
while True:
    c = s.accept()[0]
    c.recv(4096)
    c.sendall(b"HTTP/1.1 " + open("answer").read().strip().encode() + b" x\r\n\r\n")
    c.close()
)py";

// A port that nobody has at this moment.
int free_port() {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin_port);
}

bool log_has(const Site& site, const std::string& text) {
  return site.file("log/daemonz.log").find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("watch: ready by http when the answer is 2xx or 3xx, and not before") {
  Site site("  none: {command: [sleep, \"1\"]}\n");
  const auto port = std::to_string(free_port());
  std::ofstream(site.folder() / "web.py") << web;
  std::ofstream(site.folder() / "answer") << "503";
  site.write("  web: {command: [/usr/bin/python3, web.py, \"" + port +
             "\"], ready: {http: \"http://127.0.0.1:" + port + "/up\"}}\n");
  REQUIRE(site.run({"start", "--no-wait"}).status.exit_code == 0);
  REQUIRE(becomes_true([&] { return site.file("log/web.0.log").find("listening") == 0; }));
  CHECK(site.row("web").state == "STARTING");
  std::ofstream(site.folder() / "answer") << "204";
  CHECK(becomes_true([&] { return site.row("web").is_ready; }));
}

TEST_CASE("watch: ready by memcache and tcp when the port answers as it should") {
  Site site("  none: {command: [sleep, \"1\"]}\n");
  const auto port = std::to_string(free_port()), other = std::to_string(free_port());
  std::ofstream(site.folder() / "cache.py") << R"py(
import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen()
while True:
    c = s.accept()[0]
    if c.recv(4096) == b"version\r\n":
        c.sendall(b"VERSION 1\r\n")
    c.close()
)py";
  site.write("  cache: {command: [/usr/bin/python3, cache.py, \"" + port +
             "\"], ready: {memcache: " + port +
             "}}\n  plain: {command: [/usr/bin/python3, cache.py, \"" + other +
             "\"], ready: {tcp: " + other + "}}\n");
  CHECK(site.run({"start"}).status.exit_code == 0);
  CHECK(site.row("cache").is_ready);
  CHECK(site.row("plain").is_ready);
}

TEST_CASE("watch: ready by a command that exits 0, in the daemon's own surroundings") {
  const Site site(R"(
  one:
    command: [sh, -c, "echo up; exec sleep 1000"]
    env: {FLAG: flag}
    ready: {exec: [sh, -c, "test -e $FLAG.$DAEMONZ_INDEX"]}
)");
  REQUIRE(site.run({"start", "--no-wait"}).status.exit_code == 0);
  REQUIRE(becomes_true([&] { return site.file("log/one.0.log") == "up\n"; }));
  CHECK(site.row("one").state == "STARTING");
  std::ofstream(site.folder() / "flag.0") << "";
  CHECK(becomes_true([&] { return site.row("one").is_ready; }));
}

TEST_CASE("watch: ready by a line of its output, also of an earlier piece of it") {
  const Site site(R"(
  one:
    command: [sh, -c, "echo not yet; printf 'listening '; cat fifo; echo; exec sleep 1000"]
    ready: {log: "^listening on [0-9]+$"}
)");
  const auto path = site.folder() / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  REQUIRE(site.run({"start", "--no-wait"}).status.exit_code == 0);
  REQUIRE(becomes_true([&] { return site.file("log/one.0.log") == "not yet\nlistening "; }));
  CHECK(site.row("one").state == "STARTING");
  std::ofstream(path) << "on 80";
  CHECK(becomes_true([&] { return site.row("one").is_ready; }));
}

TEST_CASE("watch: ready by a line that is there before its launch has been noted") {
  const Site site(R"(
  quick:
    command: [sh, -c, "echo up; exec sleep 1000"]
    instances: 30
    ready: {log: ^up, timeout: 10s}
)");
  CHECK(site.run({"start"}).status.exit_code == 0);
  CHECK(site.file("log/daemonz.log").find("is killed") == std::string::npos);
}

TEST_CASE("watch: not ready in its time is an end of that start, and counts") {
  const Site site(R"(
  one: {command: [sleep, "1000"], ready: {exec: [false], timeout: 100ms}, restart: {limit: 1}}
)");
  REQUIRE(site.run({"start"}).status.exit_code == 1);
  CHECK(becomes_true([&] { return site.row("one").state == "FATAL"; }));
  CHECK(site.row("one").why == "not ready within 100ms");
}

TEST_CASE("watch: a failed health check makes it UNHEALTHY, some in a row replace it") {
  Site site("  none: {command: [sleep, \"1\"]}\n");
  const auto health = [](const std::string& policy) {
    return "  one:\n    command: [sleep, \"1000\"]\n    health: {exec: [test, -e, well], "
           "interval: 20ms, failures: 3, policy: " +
           policy + "}\n";
  };
  std::ofstream(site.folder() / "well") << "";
  site.write(health("keep"));
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto pid = site.row("one").pid;
  std::filesystem::remove(site.folder() / "well");
  CHECK(becomes_true([&] { return site.row("one").state == "UNHEALTHY"; }));
  CHECK_FALSE(site.row("one").is_ready);
  CHECK(site.run({"status"}).status.exit_code == 1);
  const auto started = site.run({"start", "one"});  // what stays like that is not waited for
  CHECK(started.status.exit_code == 1);
  CHECK(started.errors.find("one failed: its health check has failed ") != std::string::npos);
  std::ofstream(site.folder() / "well") << "";
  CHECK(becomes_true([&] { return site.row("one").state == "RUNNING"; }));
  CHECK(site.row("one").pid == pid);

  site.write(health("restart"));
  CHECK(site.run({"reload"}).output == "update one (health)\n");
  std::filesystem::remove(site.folder() / "well");
  CHECK(becomes_true([&] { return site.row("one").restarts >= 1; }));
  CHECK(log_has(site, "its health check has failed 3 times in a row"));
  std::ofstream(site.folder() / "well") << "";
  CHECK(becomes_true([&] { return site.row("one").state == "RUNNING"; }));
}

TEST_CASE("watch: a tree that outgrows its memory is replaced, with the reason") {
  const Site site(R"(
  one:
    command: [sh, -c, "test -e again || python3 large.py <fifo; sleep 1000"]
    limits: {memory: 60M}
)");
  std::ofstream(site.folder() / "large.py") << "x = b'1' * (80 << 20)\ninput()\n";
  REQUIRE(::mkfifo((site.folder() / "fifo").c_str(), 0600) == 0);
  const UniqueFd fifo(::open((site.folder() / "fifo").c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  std::ofstream(site.folder() / "again") << "";
  CHECK(becomes_true([&] { return site.row("one").restarts == 1; }));
  CHECK(log_has(site, "of memory, more than its limit of 60M"));
  CHECK(becomes_true([&] { return site.row("one").state == "RUNNING"; }));
}

TEST_CASE("watch: what SIGKILL reaches is the tree, the group or the process, as configured") {
  for (const auto& [kill, living] :
       std::map<std::string, std::size_t>{{"tree", 0}, {"group", 1}, {"process", 2}}) {
    const Site site(
        "  one:\n    command: [sh, -c, \"sleep 1000 & echo $!; setsid sleep 1000 & "
        "echo $!; wait\"]\n    stop: {kill: " +
        kill + "}\n");
    REQUIRE(site.run({"start"}).status.exit_code == 0);
    REQUIRE(becomes_true([&] { return pids_in(site.file("log/one.0.log")).size() == 2; }));
    const auto pids = pids_in(site.file("log/one.0.log"));
    REQUIRE(site.run({"stop"}).status.exit_code == 0);
    INFO(kill);
    CHECK(static_cast<std::size_t>(std::count_if(pids.begin(), pids.end(), is_alive)) == living);
    for (const auto pid : pids) ::kill(pid, SIGKILL);
  }
}

TEST_CASE("watch: a stranger who is gone before his word is read is not believed") {
  if (::geteuid() != 0) return;
  const Site site("  one: {command: [sleep, \"1000\"]}\n");
  std::filesystem::permissions(site.folder().path(), std::filesystem::perms(0755));
  REQUIRE(site.run({"start", "--log-level", "debug"}).status.exit_code == 0);
  const auto pid = site.row("one").pid;
  ::kill(site.supervisor(), SIGSTOP);
  const auto stranger = process::run(
      {.argv = {"setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", "-c",
                "import socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto("
                "b'WATCHDOG=trigger', sys.argv[1])",
                site.home().notify_folder + "/one.0.sock"}});
  ::kill(site.supervisor(), SIGCONT);
  REQUIRE(stranger.status.exit_code == 0);
  CHECK(becomes_true([&] {
    return site.file("log/daemonz.log").find("notification from a stranger") != std::string::npos;
  }));
  CHECK(site.row("one").pid == pid);
}

TEST_CASE(
    "watch: MAINPID names another main process, EXTEND_TIMEOUT_USEC gives a start more time") {
  const Site site(R"(
  one:
    command: [/usr/bin/python3, handover.py]
    ready: {notify: true, timeout: 1s}
)");
  std::ofstream(site.folder() / "handover.py") << R"py(
import os, signal, socket, time
def say(text):
  s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
  s.sendto(text, os.environ["NOTIFY_SOCKET"])
pid = os.fork()
if pid == 0:
  signal.pause()
say(b"EXTEND_TIMEOUT_USEC=990000000000000000")
open("fifo").read()
say(b"MAINPID=%d\nREADY=1" % pid)
open("fifo").read()
os._exit(3)
)py";
  const auto path = site.folder() / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  REQUIRE(site.run({"start", "--no-wait"}).status.exit_code == 0);
  const auto first = static_cast<pid_t>(site.row("one").pid);
  ::poll(nullptr, 0, 1200);  // its own time is over: the fact that nothing happens has no event
  CHECK(site.row("one").state == "STARTING");
  CHECK(static_cast<pid_t>(site.row("one").pid) == first);
  std::ofstream(path) << "";
  CHECK(becomes_true([&] { return site.row("one").is_ready; }));
  const auto second = static_cast<pid_t>(site.row("one").pid);
  CHECK(second != first);
  std::ofstream(path) << "";
  CHECK(becomes_true([&] { return !is_alive(first); }));
  CHECK(site.row("one").state == "RUNNING");
  ::kill(second, SIGKILL);
  CHECK(becomes_true([&] { return site.row("one").restarts == 1; }));
}

TEST_CASE("watch: RELOADING is shown until READY is said again, or the process is another one") {
  const Site site(R"(
  one: {command: [/usr/bin/python3, reloads.py], ready: {notify: true}, restart: {delay: 1ms}}
)");
  std::ofstream(site.folder() / "reloads.py") << R"py(
import os, socket
def say(text):
  s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
  s.sendto(text, os.environ["NOTIFY_SOCKET"])
say(b"READY=1")
while True:
  said = open("fifo").read()
  say(said.encode())
)py";
  const auto path = site.folder() / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto shown = [&] { return site.run({"status", "--fields=ready"}).output; };
  CHECK(shown() == "READY\nyes\n");
  std::ofstream(path) << "RELOADING=1\nSTATUS=reads its file";
  CHECK(becomes_true([&] { return shown() == "READY\nreloading\n"; }));
  CHECK(site.run({"status"}).status.exit_code == 0);
  CHECK(site.row("one").is_ready);
  std::ofstream(path) << "READY=1";
  CHECK(becomes_true([&] { return shown() == "READY\nyes\n"; }));
  std::ofstream(path) << "RELOADING=1";
  CHECK(becomes_true([&] { return shown() == "READY\nreloading\n"; }));
  ::kill(static_cast<pid_t>(site.row("one").pid), SIGKILL);
  CHECK(becomes_true([&] { return site.row("one").restarts == 1 && shown() == "READY\nyes\n"; }));
}
