#include <doctest/doctest.h>

#include <ctime>

#include "fixture.h"

using namespace daemonz;
using tests::faults_of;
using tests::Site;

namespace {

// The limits must stop a file before it costs anything worth mentioning. In processor time: others
// may have the machine.
template <class Body>
void in_good_time(Body body) {
  constexpr std::clock_t seconds_max = 5;
  const auto start = std::clock();
  body();
  CHECK(std::clock() - start < seconds_max * CLOCKS_PER_SEC);
}

}  // namespace

TEST_CASE("config: a key that stands twice is a fault, also as a Ruby symbol") {
  CHECK(faults_of("daemons:\n  a: {command: x}\n  a: {command: y}\n") ==
        "daemonz.yml:3:3: the key \"a\" stands twice (first in line 2)");
  CHECK(faults_of("daemons:\n  a:\n    :binary: x\n    binary: y\n") ==
        "daemonz.yml:4:5: the key \"binary\" stands twice (first in line 3)");
}

TEST_CASE("config: faults of the text and of the values come together") {
  CHECK(faults_of("logger: stdout\nlogger: stderr\nbroker: x\n")
            .find("stands twice (first in line 1)\ndaemonz.yml:3:9: broker: ") !=
        std::string::npos);
}

TEST_CASE("config: << merges maps, and the map's own keys win") {
  Site site(
      "tasks:\n"
      "  base: &base {queue: mail, timeout: 5s}\n"
      "  more: &more {timeout: 6s, max_attempts: 9}\n"
      "  t:\n"
      "    timeout: 1s\n"
      "    <<: [*base, *more]\n");
  const auto tasks = site.load().tasks;
  CHECK(tasks.at("t").timeout == Milliseconds(1'000));
  CHECK(tasks.at("t").queue == "mail");
  CHECK(tasks.at("t").max_attempts == 9);
  CHECK(faults_of("tasks:\n  t:\n    <<: 5\n") ==
        "daemonz.yml:3:5: `<<` must name a map (`<<: *NAME`) or a list of maps");
}

TEST_CASE("config: an alias bomb is stopped at its limit") {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const auto last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 1; j < 10; ++j) bomb += ", " + last;
    bomb += "]\n";
  }
  in_good_time([&] {
    CHECK(faults_of(bomb).find("more than 200000 values, aliases counted as often as they are "
                               "used") != std::string::npos);
  });
}

TEST_CASE("config: an alias inside what it names is refused") {
  CHECK(faults_of("a: &a [1, *a]\n") == "daemonz.yml:1:11: this alias stands inside what it names");
}

TEST_CASE("config: deep nesting is stopped, in both styles") {
  in_good_time([] {
    CHECK(faults_of(std::string(500'000, '[')).find("nested more than 32 levels deep") !=
          std::string::npos);
    CHECK(faults_of("a: " + std::string(500'000, '{')).find("nested more than 32 levels deep") !=
          std::string::npos);
    std::string steps;
    for (int i = 0; i < 1'000; ++i) steps += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    CHECK(faults_of(steps).find("nested more than 32 levels deep") != std::string::npos);
  });
}

TEST_CASE("config: ten megabytes are not read as a configuration") {
  in_good_time([] {
    CHECK(faults_of(std::string(10'000'000, 'a')) ==
          "daemonz.yml: larger than 1M: this is not a configuration");
  });
}

TEST_CASE("config: a megabyte of keys, or of one line, ends in good time") {
  in_good_time([] {
    std::string keys;
    for (int i = 0; i < 9'000; ++i) keys += "key" + std::to_string(i) + ": 1\n";
    CHECK(faults_of(keys).ends_with("further faults"));
    CHECK_FALSE(faults_of("a: " + std::string(1'000'000, 'b')).empty());
    CHECK_FALSE(faults_of("a: \"" + std::string(1'000'000, 'b')).empty());
    CHECK_FALSE(faults_of("a: " + std::string(300'000, '&')).empty());
    CHECK_FALSE(faults_of(std::string(300'000, '-')).empty());
    CHECK_FALSE(faults_of(std::string(300'000, '?')).empty());
  });
}

TEST_CASE("config: bytes that are no text are refused with their place") {
  CHECK(faults_of(std::string("a: b\0c\n", 7)) ==
        "daemonz.yml:1:5: the control character \"\\x00\" is not allowed");
  // yaml-cpp takes 0x04 for the end of the file: a daemon behind it would be lost silently.
  CHECK(faults_of("logger: stdout\n\x04\ndaemons: {}\n") ==
        "daemonz.yml:2:1: the control character \"\\x04\" is not allowed");
  CHECK(faults_of("a: \xff\xfe\n") == "daemonz.yml:1:4: this is not UTF-8 text");
  CHECK(faults_of("a: \xc3") == "daemonz.yml:1:5: this is not UTF-8 text");
}

TEST_CASE("config: tabs as indentation, a second document and Ruby objects are refused") {
  CHECK(faults_of("daemons:\n\ta: {command: x}\n") ==
        "daemonz.yml:2:3: not YAML: a tab cannot indent: use blanks");
  CHECK(faults_of("logger: stdout\n---\nlogger: stderr\n") ==
        "daemonz.yml:2:1: a second document is not allowed here");
  CHECK(faults_of("logger: !ruby/object:Gem::Installer x\n") ==
        "daemonz.yml:1:9: the tag \"!ruby/object:Gem::Installer\" is not supported: leave it out");
  CHECK(faults_of("? [a, b]\n: c\n").starts_with("daemonz.yml:1:3: a key must be one word\n"));
}

TEST_CASE("config: a byte order mark and Windows line ends are read as if they were not there") {
  const Site site("\xEF\xBB\xBFlogger: stdout\r\ndaemons:\r\n  a:\r\n    command: [x]\r\n");
  CHECK(site.load().logger.kind == config::Logger::Kind::standard_output);
  CHECK(site.load().daemons.at(0).command == std::vector<std::string>{"x"});
  CHECK(faults_of("\xEF\xBB\xBF"
                  "a: 1\r\nb: 2\r\n")
            .find("daemonz.yml:2:1: \"b\"") != std::string::npos);
}

TEST_CASE("config: a bare ${...} between brackets is told as what it is") {
  CHECK(faults_of("daemons:\n  a: {command: [web, --port, ${port}], port: 80}\n")
            .find("between brackets, ${...} needs quotes") != std::string::npos);
}
