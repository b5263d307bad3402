// The original format: what the Ruby daemonz read.
#include <doctest/doctest.h>

#include "fixture.h"

using namespace daemonz;
using tests::Site;
using Words = std::vector<std::string>;

TEST_CASE("config: the original format, as the Ruby daemonz wrote it") {
  const Site site(R"(---
:disabled: false
:disabled_in: [:test, staging]
:disabled_for:
- rake
:logger: rails
:master_file: tmp/pids/master.pid
:async_start: true
:daemons:
  ferret:
    :binary: script/ferret_server
    :start_args: -e production start
    :stop_args: -e production stop
    :pids: tmp/pids/*ferret*.pid
    :kill_patterns: ferret_server
    :delay_before_kill: 0.2
    :start_order: 1
  starling:
    :binary: starling
    :absolute_binary: true
    :args: "-h 127.0.0.1 -p 16020"
    :stop_binary: ""
    :stop_args: ""
    :pids: [tmp/pids/starling.pid]
    :delay_before_kill: 2
)");
  const auto config = site.load();
  CHECK(config.lock_file == site.root() + "/tmp/pids/master.pid");
  CHECK(config.is_start_async);
  CHECK_FALSE(config.is_disabled);
  REQUIRE(config.notes.size() == 1);
  CHECK(config.notes[0].starts_with(site.file() + ":5:1: disabled_for: has no effect here"));

  const auto& ferret = *config.find_daemon("ferret");
  CHECK(ferret.type == config::Daemon::Type::forking);
  CHECK(ferret.command ==
        Words{site.root() + "/script/ferret_server", "-e", "production", "start"});
  CHECK(ferret.stop.command ==
        Words{site.root() + "/script/ferret_server", "-e", "production", "stop"});
  CHECK(ferret.stop.delay_before_signal == Milliseconds(200));
  CHECK(ferret.pid_files == Words{site.root() + "/tmp/pids/*ferret*.pid"});
  CHECK(ferret.kill_patterns == Words{"ferret_server"});

  const auto& starling = *config.find_daemon("starling");
  CHECK(starling.is_path_only);
  CHECK(starling.command == Words{"starling", "-h", "127.0.0.1", "-p", "16020"});
  CHECK(starling.stop.command.empty());  // signal it
  CHECK(starling.kill_patterns == Words{"starling"});
  CHECK(starling.stop.delay_before_signal == Milliseconds(2'000));
  CHECK(config.daemons[0].name == "starling");  // no start_order: 0
}

TEST_CASE("config: start_binary and stop_binary are for one end each") {
  const Site site(
      "daemons:\n  a: {start_binary: bin/up, start_args: [one two, three], stop_binary: "
      "bin/down}\n");
  const auto daemon = site.load().daemons.at(0);
  CHECK(daemon.type == config::Daemon::Type::simple);  // no pids
  CHECK(daemon.command == Words{site.root() + "/bin/up", "one two", "three"});
  CHECK(daemon.stop.command == Words{site.root() + "/bin/down"});
}

TEST_CASE("config: the stop command is what stop_binary and stop_args make, or empty") {
  const auto stop_of = [](const std::string& keys) {
    return Site("daemons:\n  a: {binary: /x, " + keys + "}\n").load().daemons.at(0).stop.command;
  };
  CHECK(stop_of("stop_args: stop -n") == Words{"/x", "stop", "-n"});
  CHECK(stop_of("stop_binary: /y") == Words{"/y"});
  CHECK(stop_of("stop_binary: /y, args: -c both") == Words{"/y", "-c", "both"});
  CHECK(stop_of("stop_binary: /y, args: -c both, stop_args: own") == Words{"/y", "own"});
  CHECK(stop_of("args: -c both").empty());
  CHECK(stop_of("stop_args: ''").empty());
  CHECK(stop_of("stop_binary: '', stop_args: stop").empty());  // said to be none
}

TEST_CASE("config: the grace after a stop command is 0.2 s where the original form says nothing") {
  const auto grace_of = [](const std::string& keys) {
    return Site("daemons:\n  a: {" + keys + "}\n").load().daemons.at(0).stop.delay_before_signal;
  };
  CHECK(grace_of("binary: /x") == Milliseconds(200));
  CHECK(grace_of("binary: /x, delay_before_kill: 1.5") == Milliseconds(1'500));
  CHECK(grace_of("command: /x") == Milliseconds(0));
}
