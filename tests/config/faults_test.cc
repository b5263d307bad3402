#include <doctest/doctest.h>

#include "fixture.h"

using namespace daemonz;
using tests::faults_of;
using tests::Site;

namespace {

// A daemon `a` with these further lines.
std::string daemon(const std::string& lines) {
  return "daemons:\n  a:\n    command: [true]\n" + lines;
}

}  // namespace

TEST_CASE("config: all faults are told at once, by place, each with its key and what is allowed") {
  CHECK(faults_of("daemons:\n"
                  "  queue:\n"
                  "    command: [daemonz-queue]\n"
                  "    port: 22l22\n"
                  "    stop: {signal: TREM, timeout: 10}\n"
                  "    instnaces: 2\n"
                  "broker: http://x\n") ==
        "daemonz.yml:4:11: daemons.queue.port: \"22l22\" is not a port (1..65535)\n"
        "daemonz.yml:5:20: daemons.queue.stop.signal: \"TREM\" is not a signal (TERM, INT, QUIT, "
        "HUP, KILL, USR1, ..)\n"
        "daemonz.yml:5:35: daemons.queue.stop.timeout: \"10\" is not a duration (500ms, 5s, 10m, "
        "1h, 2d)\n"
        "daemonz.yml:6:5: daemons.queue: \"instnaces\" is not a known key (did you mean "
        "\"instances\"?)\n"
        "daemonz.yml:7:9: broker: \"http://x\" is not a broker (memcache://HOST:PORT, "
        "memcache+unix://PATH, amqp://HOST)");
}

TEST_CASE("config: each fault carries its file, line and column for programs") {
  const Site site("daemons:\n  a: {command: x, vital: maybe}\n");
  try {
    static_cast<void>(site.load());
    FAIL("a fault was expected");
  } catch (const config::Faults& faults) {
    REQUIRE(faults.list().size() == 1);
    CHECK(faults.list()[0].file == site.file());
    CHECK(faults.list()[0].line == 2);
    CHECK(faults.list()[0].column == 26);
  }
}

TEST_CASE("config: an unknown key that resembles nothing lists the known ones") {
  CHECK(faults_of("sandbox:\n  colour: red\n") ==
        "daemonz.yml:2:3: sandbox: \"colour\" is not a known key (known: slots, limits, profiles, "
        "languages)");
}

TEST_CASE("config: wrong values of a daemon") {
  struct Row {
    const char* lines;
    const char* fault;
  };
  const Row rows[] = {
      {"    instances: many\n",
       "4:16: daemons.a.instances: \"many\" is not `cores` or a number (0..4096)"},
      {"    instances: 99999\n",
       "4:16: daemons.a.instances: \"99999\" is not `cores` or a number (0..4096)"},
      {"    start_order: 010\n",
       "4:18: daemons.a.start_order: \"010\" is not a whole number (-1000000..1000000): write it "
       "without leading zeros"},
      {"    watchdog: 1 week\n",
       "4:15: daemons.a.watchdog: \"1 week\" is not a duration (500ms, 5s, 10m, 1h, 2d)"},
      {"    watchdog: 010s\n",
       "4:15: daemons.a.watchdog: \"010s\" is not a duration (500ms, 5s, 10m, 1h, 2d)"},
      {"    vital: maybe\n", "4:12: daemons.a.vital: \"maybe\" is not true or false"},
      {"    vital: [true]\n", "4:12: daemons.a.vital: a list is not true or false"},
      {"    limits: {memory: 1T}\n",
       "4:22: daemons.a.limits.memory: \"1T\" is not a size (300, 64K, 32M, 1G)"},
      {"    limits: {nice: 20}\n",
       "4:20: daemons.a.limits.nice: \"20\" is not a niceness (-20..19)"},
      {"    limits: 5\n", "4:13: daemons.a.limits: \"5\" is not a map (KEY: VALUE lines)"},
      {"    restart: {policy: sometimes}\n",
       "4:23: daemons.a.restart.policy: \"sometimes\" is not one of always, on-failure, never"},
      {"    restart: {jitter: 1.5}\n",
       "4:23: daemons.a.restart.jitter: \"1.5\" is not a number (0..1)"},
      {"    restart: {factor: 1e2}\n",
       "4:23: daemons.a.restart.factor: \"1e2\" is not a number (1..100)"},
      {"    restart: {delay: 1m}\n",
       "4:22: daemons.a.restart.delay: 1m is more than max_delay (30s)"},
      {"    stop: {kill: all}\n",
       "4:18: daemons.a.stop.kill: \"all\" is not one of tree, cgroup, group, process"},
      {"    umask: \"089\"\n", "4:12: daemons.a.umask: \"089\" is not a umask (octal, 000..777)"},
      {"    env: [A]\n", "4:10: daemons.a.env: a list is not a map (NAME: {...} entries)"},
      {"    port: 65535\n    instances: 2\n    log: {path: \"l.${index}\"}\n",
       "4:11: daemons.a.port: leaves no port for instance 1 (port + index is above 65535)"},
      {"    ready: {tcp: 0}\n",
       "4:18: daemons.a.ready.tcp: \"0\" is not a port (1..65535), HOST:PORT or ${port}"},
      {"    ready: {tcp: \"${port}\"}\n",
       "4:12: daemons.a.ready: ${port} is used, but the daemon has no `port`"},
      {"    ready: {notify: true, tcp: 80}\n",
       "4:32: daemons.a.ready.tcp: `notify` is asked for already: one check at a time"},
      {"    ready: {log: \"(\"}\n",
       "4:18: daemons.a.ready.log: \"(\" is not a regular expression (regex(7))"},
      {"    ready: {http: ftp://x}\n",
       "4:19: daemons.a.ready.http: \"ftp://x\" is not a URL (http://HOST:PORT/PATH)"},
      {"    ready: {exec: []}\n", "4:19: daemons.a.ready.exec: the command is empty"},
      {"    type: forking\n",
       "4:11: daemons.a.type: `forking` needs `pids`: the glob of its pid files"},
      {"    instances: 2\n    log: {path: one.log}\n",
       "5:10: daemons.a.log: the path needs ${index} or ${instance}, or "
       "`prefix: name`: there are 2 instances"},
      {"    type: forking\n    pids: a.pid\n    instances: 2\n",
       "5:11: daemons.a.pids: need ${index} or ${instance}: there are 2 instances"},
      {"    binary: bin/a\n",
       "3:14: daemons.a.command: `command` and the original keys (binary, args, ..) say the same "
       "twice: keep one"},
      {"    delay_before_kill: soon\n",
       "4:24: daemons.a.delay_before_kill: \"soon\" is not a duration (0.2, 500ms, 5s)"},
      {"    kill_patterns: {a: b}\n", "4:20: daemons.a.kill_patterns: a map is not a list"},
  };
  for (const auto& row : rows)
    CHECK(faults_of(daemon(row.lines)) == "daemonz.yml:" + std::string(row.fault));
}

TEST_CASE("config: a daemon without a command, or that is no map, is a fault of its own") {
  CHECK(faults_of("daemons:\n  a: {instances: 2}\n") ==
        "daemonz.yml:2:3: daemons.a: has no command (command: [PROGRAM, ARGUMENT, ..])");
  CHECK(faults_of("daemons:\n  a:\n") ==
        "daemonz.yml:2:3: daemons.a: has no command (command: [PROGRAM, ARGUMENT, ..])");
  CHECK(faults_of("daemons:\n  a: run it\n") ==
        "daemonz.yml:2:6: daemons.a: \"run it\" is not a map (KEY: VALUE lines)");
  CHECK(faults_of("daemons: [a]\n") ==
        "daemonz.yml:1:10: daemons: a list is not a map (NAME: {...} entries)");
  CHECK(faults_of("daemons:\n  a/b: {command: x}\n") ==
        "daemonz.yml:2:3: daemons.a/b: \"a/b\" is not a name (1 to 64 of A-Z a-z 0-9 _ -)");
  CHECK(faults_of("daemons:\n  a: {command: \"x 'y\"}\n") ==
        "daemonz.yml:2:16: daemons.a.command: \"x 'y\" has a quote that is not closed");
}

TEST_CASE("config: depends_on names daemons that exist, are enabled, and do not start later") {
  CHECK(faults_of("daemons:\n"
                  "  queue: {command: q}\n"
                  "  a: {command: a, depends_on: {qeue: ready}}\n") ==
        "daemonz.yml:3:38: daemons.a.depends_on: \"qeue\" is not a daemon (did you mean "
        "\"queue\"?)");
  CHECK(faults_of("daemons:\n"
                  "  queue: {command: q, disabled: true}\n"
                  "  a: {command: a, depends_on: [queue]}\n") ==
        "daemonz.yml:3:32: daemons.a.depends_on: \"queue\" is disabled: a would wait for ever");
  CHECK(faults_of("daemons:\n"
                  "  queue: {command: q, start_order: 2}\n"
                  "  a: {command: a, depends_on: [queue], start_order: 1}\n") ==
        "daemonz.yml:3:32: daemons.a.depends_on: \"queue\" starts in a later wave (start_order 2, "
        "here 1)");
  CHECK(
      faults_of("daemons:\n  queue: {command: q}\n  a: {command: a, depends_on: {queue: up}}\n") ==
      "daemonz.yml:3:39: daemons.a.depends_on.queue: \"up\" is not one of ready, started, "
      "completed");
  CHECK(faults_of("daemons:\n"
                  "  setup: {command: s, restart: {policy: always}}\n"
                  "  a: {command: a, depends_on: {setup: completed}}\n") ==
        "daemonz.yml:3:39: daemons.a.depends_on: \"setup\" is never completed: its "
        "restart.policy is always");
}

TEST_CASE("config: a cycle in depends_on is named, once") {
  CHECK(faults_of("daemons:\n"
                  "  a: {command: x, depends_on: [b]}\n"
                  "  b: {command: x, depends_on: [c]}\n"
                  "  c: {command: x, depends_on: [a]}\n"
                  "  d: {command: x, depends_on: [a]}\n") ==
        "daemonz.yml:4:32: daemons.c.depends_on: a cycle: a -> b -> c -> a");
  CHECK(faults_of("daemons:\n  a: {command: x, depends_on: [a]}\n") ==
        "daemonz.yml:2:32: daemons.a.depends_on: a cycle: a -> a");
}

TEST_CASE("config: wrong values of the other sections") {
  struct Row {
    const char* text;
    const char* fault;
  };
  const Row rows[] = {
      {"queue: {listen: [\"localhost\"]}",
       "1:17: queue.listen: \"localhost\" is not an address (HOST:PORT, PORT 0..65535)"},
      {"queue: {listen: \"::1:22122\"}",
       "1:17: queue.listen: \"::1:22122\" is not an address (HOST:PORT, PORT 0..65535)"},
      {"queue: {listen: [], unix: none}",
       "1:17: queue.listen: neither `listen` nor `unix`: nobody could reach the server"},
      {"queue: {defaults: {max_item_bytes: 65M}}",
       "1:36: queue.defaults.max_item_bytes: 65M is more than 64M"},
      {"queue: {defaults: {durability: sometimes}}",
       "1:32: queue.defaults.durability: \"sometimes\" is not one of always, never, memory"},
      {"queue: {defaults: {lease_default: 2h}}",
       "1:35: queue.defaults.lease_default: 2h is more than lease_max (1h)"},
      {"queue: {queues: {\"a b\": {}}}",
       "1:18: queue.queues.a b: \"a b\" is not a queue name (1 to 195 of A-Z a-z 0-9 _ . : - and "
       "no . or - in front)"},
      {"queue: {queues: {a: {expire_to: \"-b\"}}}",
       "1:33: queue.queues.a.expire_to: \"-b\" is not a queue name"},
      {"queue: {max_memory: -1}",
       "1:21: queue.max_memory: \"-1\" is not a size (300, 64K, 32M, 1G)"},
      {"tasks: {t: {priority: 10}}", "1:23: tasks.t.priority: \"10\" is not a priority (0..9)"},
      {"tasks: {t: {isolation: exec}}",
       "1:24: tasks.t.isolation: `exec` needs a command (exec: [PROGRAM, ARGUMENT, ..])"},
      {"tasks: {t: {memory: 64M}}",
       "1:21: tasks.t.memory: a task that runs in a thread cannot be limited (isolation: fork)"},
      {"tasks: {t: {exec: bin/x, isolation: fork}}",
       "1:37: tasks.t.isolation: a task with `exec` has the isolation `exec`"},
      {"push: {fallback: [queue, disk]}",
       "1:18: push.fallback: \"disk\" is not one of queue, spool, inline, discard"},
      {"push: {fallback: [queue, queue]}", "1:18: push.fallback: \"queue\" stands twice"},
      {"push: {strategy: http}",
       "1:18: push.strategy: strategy `http` needs a url (http://HOST:PORT/PATH)"},
      {"push: {sign_with: k}", "1:19: push.sign_with: \"k\" is not one of signing_keys"},
      {"sandbox: {slots: 0}", "1:18: sandbox.slots: \"0\" is not `cores` or a number (1..1024)"},
      {"sandbox: {profiles: {run: {cpu: 1}}}",
       "1:33: sandbox.profiles.run.cpu: \"1\" is not a duration (500ms, 5s, 10m, 1h, 2d)"},
      {"sandbox: {profiles: {rum: {}}}",
       "1:22: sandbox.profiles: \"rum\" is not a known key (did you mean \"run\"?)"},
      {"sandbox: {languages: {c: {extensions: c}}}",
       "1:39: sandbox.languages.c.extensions: \"c\" is not an extension (\".cc\")"},
      {"sandbox: {languages: {c: {compile: [cc, \"{file}\"]}}}",
       "1:36: sandbox.languages.c.compile: \"{file}\" is not one of {sources} {entry} {binary} "
       "{class} {heap_mib} {stack_mib}"},
      {"sandbox: {languages: {c: {compile: [cc, \"x{sources}\"]}}}",
       "1:36: sandbox.languages.c.compile: {sources} stands for several words: it needs a word of "
       "its own"},
      {"sandbox: {languages: {c: {compile: [cc], run: [\"{binary}\"]}}}",
       "1:47: sandbox.languages.c.run: runs a {binary} that `compile` does not make"},
      {"schedule: {s: {cron: \"* * *\", task: t}}",
       "1:22: schedule.s.cron: \"* * *\" is not a cron line (five fields, or @daily)"},
      {"schedule: {s: {task: t}}", "1:12: schedule.s: needs one of `cron` and `every`"},
      {"schedule: {s: {every: 5m}}", "1:12: schedule.s: has no task (task: NAME)"},
      {"database: oracle:x",
       "1:11: database: \"oracle:x\" is not a database (sqlite:PATH, mysql://USER@HOST/NAME)"},
      {"broker: memcache://localhost",
       "1:9: broker: \"memcache://localhost\" has no HOST:PORT behind memcache://"},
      {"broker: memcache://ada:secret@localhost",
       "1:9: broker: \"memcache://***@localhost\" has no HOST:PORT behind memcache://"},
      {"logger: \"\"", "1:9: logger: \"\" is not stdout, stderr, rails or a file"},
      {"deamons: {}", "1:1: \"deamons\" is not a known key (did you mean \"daemons\"?)"},
  };
  for (const auto& row : rows)
    CHECK(faults_of(row.text + std::string("\n")) == "daemonz.yml:" + std::string(row.fault));
}

TEST_CASE("config: a unix socket that the kernel could not bind is a fault") {
  const Site site("queue: {unix: " + std::string(120, 'x') + "}\n");
  CHECK(site.faults().starts_with("daemonz.yml:1:15: queue.unix: the path of the socket has "));
}

TEST_CASE("config: a file that is missing, unreadable, empty or no configuration says so") {
  Site site;
  CHECK(site.faults() == "daemonz.yml: cannot open: No such file or directory");
  std::filesystem::create_directory(site.file());
  CHECK(site.faults() == "daemonz.yml: this is not a file");
  CHECK(faults_of("") == "daemonz.yml: the file is empty: it needs at least `daemons:`");
  CHECK(faults_of("# nothing\n") == "daemonz.yml: the file is empty: it needs at least `daemons:`");
  CHECK(faults_of("just words\n") ==
        "daemonz.yml:1:1: \"just words\" is not a configuration (KEY: VALUE lines)");
  CHECK(faults_of("- a\n- b\n") ==
        "daemonz.yml:1:1: a list is not a configuration (KEY: VALUE lines)");
  CHECK(faults_of("daemons: {a: [}\n").starts_with("daemonz.yml:1:15: not YAML: "));
}

TEST_CASE("config: a hundred faults are told, the rest is counted") {
  std::string text;
  for (int i = 0; i < 150; ++i) text += "zzzzzzzzzzzz" + std::to_string(i) + ": 1\n";
  const auto faults = faults_of(text);
  CHECK(std::count(faults.begin(), faults.end(), '\n') == 100);
  CHECK(faults.ends_with("\nand 50 further faults"));
}

TEST_CASE("config: those of every file come at once, though one of them cannot be read") {
  Site site("daemons:\n  a: {comand: x}\n  c: {command: x, depends_on: [b]}\n");
  site.write("daemonz/b.yml", "b: {command: <% ruby %>}\n");
  site.write("daemonz/c.yml", "a: {command: x}\n");
  site.write("daemonz.development.yml", "daemons: {a: {instances: many}}\n");
  const auto faults = site.faults();
  CHECK(faults.find("daemonz.yml:2:7: daemons.a: \"comand\" is not a known key") !=
        std::string::npos);
  CHECK(faults.find("daemonz/b.yml:1:14: \"<% ruby %>\" is Ruby") != std::string::npos);
  CHECK(faults.find("daemonz/c.yml:1:1: the daemon \"a\" stands in") != std::string::npos);
  CHECK(faults.find("daemonz.development.yml:1:26: daemons.a.instances") != std::string::npos);
  CHECK(faults.find("\"b\" is not a daemon") == std::string::npos);  // it may stand in b.yml
}

TEST_CASE("config: what could never work is told before anything runs") {
  const auto fault_of = [](const std::string& keys) {
    return faults_of("daemons:\n  a: {command: [sleep, \"1\"], " + keys + "}\n");
  };
  CHECK(fault_of("watchdog: 0s") ==
        "daemonz.yml:2:40: daemons.a.watchdog: 0 is no time to be heard in: leave it out for no "
        "watchdog");
  CHECK(fault_of("ready: {notify: true, timeout: 0s}") ==
        "daemonz.yml:2:37: daemons.a.ready: the timeout 0 leaves no time to become ready");
  CHECK(fault_of("health: {interval: 0s, tcp: 80}") ==
        "daemonz.yml:2:49: daemons.a.health.interval: 0 would ask without a pause");
  CHECK(fault_of("health: {interval: 1s}") ==
        "daemonz.yml:2:38: daemons.a.health: names no check: tcp, unix, memcache, http or exec");
  CHECK(fault_of("health: {notify: true}") ==
        "daemonz.yml:2:38: daemons.a.health: can be asked by tcp, unix, memcache, http or exec; "
        "what a daemon says by itself is `watchdog`");
  CHECK(fault_of("pids: tmp/a.pid") ==
        "daemonz.yml:2:36: daemons.a.pids: are for a program that daemonizes itself (type: "
        "forking): take them out");
  CHECK(faults_of("daemons:\n  a: {command: [\"\"]}\n") ==
        "daemonz.yml:2:3: daemons.a: has no command (command: [PROGRAM, ARGUMENT, ..])");
}
