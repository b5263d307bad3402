#include <doctest/doctest.h>

#include <csignal>
#include <sstream>

#include "fixture.h"

using namespace daemonz;
using tests::faults_of;
using tests::Site;
using Words = std::vector<std::string>;

TEST_CASE("config: what a file leaves out has its default, and paths are absolute") {
  const Site site("daemons: {}\n");
  const auto config = site.load();
  CHECK(config.path == site.file());
  CHECK(config.root_path == site.root());
  CHECK(config.environment == "development");
  CHECK(config.lock_file == site.root() + "/tmp/daemonz/daemonz.lock");
  CHECK(config.state_dir == site.root() + "/tmp/daemonz");
  CHECK(config.logger.kind == config::Logger::Kind::file);
  CHECK(config.logger.path == site.root() + "/log/daemonz.log");
  CHECK(config.broker_url == "memcache://127.0.0.1:22122");
  CHECK(config.database_url == "sqlite:" + site.root() + "/tmp/daemonz/daemonz.db");
  CHECK(config.queue.listen == Words{"127.0.0.1:22122"});
  CHECK(config.queue.unix_path == site.root() + "/tmp/daemonz/queue.sock");
  CHECK(config.queue.dir == site.root() + "/tmp/daemonz/queue");
  CHECK(config.sandbox.slots == 4);
  CHECK_FALSE(config.is_disabled);
  CHECK(config.notes.empty());
}

TEST_CASE("config: resolve and shown are each other's reverse below root_path") {
  const auto config = Site("daemons: {}\n").load();
  CHECK(config.resolve("tmp/../log/x") == config.root_path + "/log/x");
  CHECK(config.resolve(".") == config.root_path);
  CHECK(config.resolve("/etc/x") == "/etc/x");
  CHECK(config.shown(config.resolve("log/x")) == "log/x");
  CHECK(config.shown(config.root_path + "-other/x") == config.root_path + "-other/x");
}

TEST_CASE("config: defaults() are the values of a file that is not there") {
  const auto config = config::defaults("/srv/site", {.cores = 3});
  CHECK(config.queue.dir == "/srv/site/tmp/daemonz/queue");
  CHECK(config.sandbox.slots == 3);
  CHECK(config.daemons.empty());
}

namespace {

const char* const extended_form = R"(daemons:
  processor:
    command: [bin/processor, --queues, "pulls,pushes"]
    instances: cores
    start_order: 2
    depends_on: {queue: started}
    ready: {tcp: "${port}", timeout: 5s}
    stop: {command: bin/stop -n 'a b', signal: SIGINT, timeout: 1m, kill: group}
    restart: {policy: on-failure, delay: 1s, max_delay: 10s, factor: 1.5, jitter: 0,
              reset_after: 1m, limit: 0, within: 2m}
    watchdog: 30s
    vital: yes
    limits: {nofile: 4096, memory: 512M, nice: -5, oom_score_adj: 200}
    user: www-data
    group: www
    env: {LANG: C.UTF-8, WHO: "${instance}", EMPTY: }
    cwd: site
    umask: 022
    port: 8080
    log: {path: "log/p.${index}.log", stderr: "log/p.${index}.err", max_size: 1M, keep: 2,
          timestamp: rfc3339}
  queue: {command: q}
)";

}  // namespace

TEST_CASE("config: the extended form of a daemon, every key") {
  const Site site(extended_form);
  const auto config = site.load();
  const auto& daemon = *config.find_daemon("processor");
  CHECK(daemon.command == Words{site.root() + "/bin/processor", "--queues", "pulls,pushes"});
  CHECK(daemon.instances == 4);
  CHECK(daemon.is_per_core);
  CHECK(daemon.depends_on.at("queue") == config::Condition::started);
  CHECK(daemon.ready.kind == config::Ready::Kind::tcp);
  CHECK(daemon.ready.timeout == Milliseconds(5'000));
  CHECK(daemon.stop.command == Words{site.root() + "/bin/stop", "-n", "a b"});
  CHECK(daemon.stop.signal == SIGINT);
  CHECK(daemon.stop.timeout == Milliseconds(60'000));
  CHECK(daemon.stop.kill == config::Stop::Kill::group);
  CHECK(daemon.restart.policy == config::Restart::Policy::on_failure);
  CHECK(daemon.restart.delay == Milliseconds(1'000));
  CHECK(daemon.restart.max_delay == Milliseconds(10'000));
  CHECK(daemon.restart.factor == 1.5);
  CHECK(daemon.restart.jitter == 0);
  CHECK(daemon.restart.reset_after == Milliseconds(60'000));
  CHECK(daemon.restart.limit == 0);
  CHECK(daemon.restart.within == Milliseconds(120'000));
  CHECK(daemon.watchdog == Milliseconds(30'000));
  CHECK(daemon.is_vital);
  CHECK(daemon.limits.resources.at(RLIMIT_NOFILE).rlim_cur == 4096);
  CHECK(daemon.limits.resources.at(RLIMIT_NOFILE).rlim_max == 4096);
  CHECK(daemon.limits.memory == mebibytes(512));
  CHECK(daemon.limits.nice == -5);
  CHECK(daemon.limits.oom_score_adj == 200);
  CHECK(daemon.user == "www-data");
  CHECK(daemon.group == "www");
  CHECK(daemon.working_folder == site.root() + "/site");
  CHECK(daemon.umask == 022);
  CHECK(daemon.log.max_size == mebibytes(1));
  CHECK(daemon.log.keep == 2);
  CHECK(daemon.log.timestamp == config::LogFile::Timestamp::rfc3339);
}

TEST_CASE("config: an instance gets its own paths, port and environment") {
  const Site site(extended_form);
  const auto second = config::for_instance(*site.load().find_daemon("processor"), 1);
  CHECK(second.log.path == site.root() + "/log/p.1.log");
  CHECK(second.log.stderr_path == site.root() + "/log/p.1.err");
  CHECK(second.ready.port == 8081);
  CHECK(second.env == std::map<std::string, std::string>{{"LANG", "C.UTF-8"},
                                                         {"WHO", "processor:1"},
                                                         {"EMPTY", ""},
                                                         {"DAEMONZ_NAME", "processor"},
                                                         {"DAEMONZ_INDEX", "1"},
                                                         {"PORT", "8081"}});
}

TEST_CASE("config: daemons come in the order of their waves; short forms mean the same") {
  const auto daemons = Site(
                           "daemons:\n"
                           "  b: {command: x, start_order: 2}\n"
                           "  z: {command: daemonz-queue --listen :0, start_order: 1}\n"
                           "  a: {command: x, start_order: 2, ready: notify, depends_on: z}\n")
                           .load()
                           .daemons;
  REQUIRE(daemons.size() == 3);
  CHECK(daemons[0].name == "z");
  CHECK(daemons[0].command == Words{"daemonz-queue", "--listen", ":0"});
  CHECK(daemons[1].name == "a");
  CHECK(daemons[1].ready.kind == config::Ready::Kind::notify);
  CHECK(daemons[1].depends_on.at("z") == config::Condition::ready);
  CHECK(daemons[2].name == "b");
}

TEST_CASE("config: the checks of readiness") {
  using Kind = config::Ready::Kind;
  const auto ready_of = [](const std::string& text) {
    return Site("daemons:\n  a: {command: x, ready: {" + text + "}}\n").load().daemons.at(0).ready;
  };
  CHECK(ready_of("").kind == Kind::started);
  CHECK(ready_of("notify: false").kind == Kind::started);
  CHECK(ready_of("memcache: 22122").port == 22122);
  CHECK(ready_of("memcache: 22122").host == "127.0.0.1");
  CHECK(ready_of("tcp: \"[::1]:80\"").host == "::1");
  CHECK(ready_of("unix: /tmp/x.sock").target == "/tmp/x.sock");
  CHECK(ready_of("http: \"http://127.0.0.1/up\"").target == "http://127.0.0.1/up");
  CHECK(ready_of("exec: \"is-up --fast\"").command == Words{"is-up", "--fast"});
  CHECK(ready_of("log: listening").kind == Kind::log);
}

TEST_CASE("config: the check of health, with the port of each instance") {
  const Site site(
      "daemons:\n  a: {command: x, port: 80, instances: 2, log: {path: \"${index}\"},\n"
      "    health: {tcp: \"${port}\", interval: 2s, failures: 5, policy: keep}}\n");
  const auto health = *config::for_instance(site.load().daemons.at(0), 1).health;
  CHECK(health.check.port == 81);
  CHECK(health.check.timeout == Milliseconds(5'000));
  CHECK(health.interval == Milliseconds(2'000));
  CHECK(health.failures == 5);
  CHECK(health.policy == config::Health::Policy::keep);
}

TEST_CASE("config: the environment is the caller's, DAEMONZ_ENV, RAILS_ENV, the file's, in turn") {
  Site site("environment: staging\ndisabled_in: [production]\n");
  CHECK(site.load().environment == "staging");
  site.variables["RAILS_ENV"] = "test";
  CHECK(site.load().environment == "test");
  site.variables["DAEMONZ_ENV"] = "production";
  CHECK(site.load().environment == "production");
  CHECK(site.load().is_disabled);
  CHECK(
      config::load(site.file(), {.environment = "own", .variables = &site.variables}).environment ==
      "own");
  site.variables["DAEMONZ_ENV"] = "../../etc";
  CHECK(site.faults().find("environment: \"../../etc\" is not the name of an environment") !=
        std::string::npos);
}

TEST_CASE("config: the broker may stand behind a user and a password") {
  const Site site("daemons: {}\nbroker: memcache://ada:open sesame@h:1\n");
  CHECK(site.load().broker_url == "memcache://ada:open sesame@h:1");
}

TEST_CASE("config: daemonz.ENVIRONMENT.yml is merged over daemonz.yml") {
  Site site("daemons:\n  a: {command: x, env: {A: 1, B: 2}}\nbroker: memcache://h:1\n");
  site.write("daemonz.production.yml", "daemons:\n  a: {instances: 3, env: {B: 3}}\n");
  site.variables["DAEMONZ_ENV"] = "production";
  const auto config = site.load();
  CHECK(config.daemons.at(0).command == Words{"x"});
  CHECK(config.daemons.at(0).instances == 3);
  CHECK(config.daemons.at(0).env.at("A") == "1");
  CHECK(config.daemons.at(0).env.at("B") == "3");
  site.write("daemonz.production.yml", "daemons:\n  a: {instances: x}\n");
  CHECK(site.faults() ==
        "daemonz.production.yml:2:18: daemons.a.instances: \"x\" is not `cores` or a number "
        "(0..4096)");
}

TEST_CASE("config: daemonz/*.yml add daemons, and none may replace another") {
  Site site("daemons:\n  a: {command: x}\n");
  site.write("daemonz/mail.yml", "mail: {command: bin/mail}\n");
  site.write("daemonz/empty.yml", "");
  site.write("daemonz/.hidden.yml", "b: {}\n");
  site.write("daemonz/README", "not yaml: [");
  CHECK(site.load().find_daemon("mail")->command == Words{site.root() + "/bin/mail"});
  site.write("daemonz/two.yml", "a: {command: y}\n");
  CHECK(site.faults() == "daemonz/two.yml:1:1: the daemon \"a\" stands in daemonz.yml:2:3 already");
  site.write("daemonz/two.yml", "- a\n");
  CHECK(site.faults() == "daemonz/two.yml:1:1: a list is not a map of daemons (NAME: {...})");
}

TEST_CASE("config: daemonz/*.yml are enough where daemonz.yml has no daemons") {
  Site site("logger: stdout\n");
  site.write("daemonz/mail.yml", "mail: {command: bin/mail}\n");
  CHECK(site.load().daemons.size() == 1);
}

TEST_CASE("config: variables of the environment stand in any text") {
  Site site(
      "broker: memcache://${QUEUE_HOST:-127.0.0.1}:${QUEUE_PORT}\n"
      "daemons:\n  a: {command: [x, \"${SECRET}\", \"$${SECRET}\", \"${root_path}/${name}\"]}\n");
  site.variables = {{"QUEUE_PORT", "1"}, {"SECRET", "${index}"}};
  const auto config = site.load();
  CHECK(config.broker_url == "memcache://127.0.0.1:1");
  // A variable is data: what looks like ours in it stays as it is.
  CHECK(config::for_instance(config.daemons.at(0), 7).command ==
        Words{"x", "${index}", "${SECRET}", site.root() + "/a"});
}

TEST_CASE("config: a ${...} that means nothing is a fault") {
  CHECK(faults_of("broker: memcache://${NOWHERE}:1\n") ==
        "daemonz.yml:1:9: broker: ${NOWHERE} is not set in the environment (write "
        "${NOWHERE:-DEFAULT} to go on without it)");
  CHECK(faults_of("broker: memcache://${index}:1\n") ==
        "daemonz.yml:1:9: broker: \"${index}\" is not known (${root_path}, ${environment}, an "
        "environment variable in capitals; $${ for a literal ${)");
  CHECK(faults_of("daemons:\n  a: {command: [\"${indx}\"]}\n") ==
        "daemonz.yml:2:17: daemons.a.command[0]: \"${indx}\" is not known (${root_path}, "
        "${environment}, ${name}, ${index}, ${instance}, ${port}, an environment variable in "
        "capitals; $${ for a literal ${)");
  CHECK(faults_of("logger: \"${X\"\n") ==
        "daemonz.yml:1:9: logger: \"${X\" is not closed (} is missing)");
}

TEST_CASE("config: the queue server's options are inherited, default by default") {
  const Site site(R"(queue:
  listen: ["0.0.0.0:22122", "[::1]:0"]
  unix: none
  dir: /var/lib/daemonz
  max_memory: 64M
  allow_flush_all: true
  users: config/queue.users
  defaults: {max_deliveries: 3, durability: never, max_items: 10}
  queues:
    mail: {max_items: 100000, retry_delay: 5s}
    fast: {durability: memory, max_age: 1h, expire_to: mail, discard_oldest: true,
           dead_letter: false}
)");
  const auto queue = site.load().queue;
  CHECK(queue.listen == Words{"0.0.0.0:22122", "[::1]:0"});
  CHECK(queue.unix_path.empty());
  CHECK(queue.users_file == site.root() + "/config/queue.users");
  CHECK(queue.max_memory == mebibytes(64));
  CHECK(queue.allow_flush_all);
  CHECK(queue.defaults.max_deliveries == 3);
  const auto& mail = queue.queues.at("mail");
  CHECK(mail.max_items == 100'000);
  CHECK(mail.retry_delay == Milliseconds(5'000));
  CHECK(mail.max_deliveries == 3);
  CHECK(mail.durability == config::QueueOptions::Durability::never);
  const auto& fast = queue.queues.at("fast");
  CHECK(fast.durability == config::QueueOptions::Durability::memory);
  CHECK(fast.max_items == 10);
  CHECK(fast.max_age == Milliseconds(3'600'000));
  CHECK(fast.expire_to == "mail");
  CHECK(fast.discard_oldest);
  CHECK_FALSE(fast.dead_letter);
}

TEST_CASE("config: tasks, push, sandbox and schedule") {
  const Site site(R"(database: mysql://site@db/site
broker: memcache+unix://tmp/q.sock
tasks:
  resize: {exec: "bin/resize --fast", queue: images, timeout: 1m, isolation: exec, track: none}
on_error: {exec: "bin/tell --all", webhook: "http://127.0.0.1:8080/errors"}
push:
  strategy: inline
  deadline: 1s
  fallback: [queue, spool]
  signing_keys: {k1: config/k1}
  sign_with: k1
sandbox:
  slots: 2
  limits: rlimit
  profiles: {run: {memory: 128M}, compile: {wall: 1m}}
  languages:
    java: {disabled: true}
    awk: {code: gawk, extensions: .awk, run: "gawk -f {entry} --assign 'x={ 1 }'"}
schedule:
  nightly: {cron: "0 8 * * *", class: report, args: {kind: daily, n: 3}}
  often: {every: 10m, task: report, overlap: skip, catch_up: last}
)");
  const auto config = site.load();
  CHECK(config.database_url == "mysql://site@db/site");
  CHECK(config.broker_url == "memcache+unix://" + site.root() + "/tmp/q.sock");
  const auto& resize = config.tasks.at("resize");
  CHECK(resize.command == Words{site.root() + "/bin/resize", "--fast"});
  CHECK(resize.timeout == Milliseconds(60'000));
  CHECK(resize.isolation == config::Task::Isolation::exec);
  CHECK(resize.track == config::Task::Track::none);
  CHECK_FALSE(resize.max_attempts.has_value());
  CHECK(config.on_error.command == Words{site.root() + "/bin/tell", "--all"});
  CHECK(config.on_error.webhook == "http://127.0.0.1:8080/errors");
  CHECK_FALSE(config.runs_on_done_commands);
  CHECK(config.push.strategy == config::Push::Strategy::in_line);
  CHECK(config.push.fallback.size() == 2);
  CHECK(config.push.signing_keys.at("k1") == site.root() + "/config/k1");
  CHECK(config.sandbox.slots == 2);
  CHECK(config.sandbox.limits == config::Sandbox::LimitMode::rlimit);
  CHECK(config.sandbox.run.memory == mebibytes(128));
  CHECK_FALSE(config.sandbox.run.cpu.has_value());
  CHECK(config.sandbox.compile.wall == Milliseconds(60'000));
  CHECK(config.sandbox.languages.at("java").is_disabled);
  const auto& awk = config.sandbox.languages.at("awk");
  CHECK(awk.code == "gawk");
  CHECK(awk.extensions == Words{".awk"});
  CHECK(awk.compile.empty());
  CHECK(awk.run == Words{"gawk", "-f", "{entry}", "--assign", "x={ 1 }"});
  CHECK(config.schedule.at("nightly").task == "report");
  CHECK(config.schedule.at("nightly").args_json == R"({"kind":"daily","n":3})");
  CHECK(config.schedule.at("often").every == Milliseconds(600'000));
  CHECK(config.schedule.at("often").catch_up == config::ScheduleEntry::CatchUp::last);
}
