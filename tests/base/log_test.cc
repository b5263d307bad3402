#include "base/log.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/held_log.h"
#include "support/temp_dir.h"

using namespace daemonz;

namespace {

std::string value_in_line(std::string value) {
  const auto line = log::line(log::Level::info, "room", "phrase", {{"key", std::move(value)}});
  const std::string front = "info room: phrase key=";
  REQUIRE(line.starts_with(front));
  return line.substr(front.size());
}

}  // namespace

TEST_CASE("log: a line is level, room, phrase and key=value") {
  CHECK(log::line(log::Level::warn, "queue", "item dropped",
                  {{"queue", "mail"}, {"bytes", 42}, {"is_last", true}}) ==
        "warn queue: item dropped queue=mail bytes=42 is_last=true");
  CHECK(log::line(log::Level::error, "a", "b", {}) == "error a: b");
}

TEST_CASE("log: a value that could be taken for something else is quoted and escaped") {
  CHECK(value_in_line("plain/value:1") == "plain/value:1");
  CHECK(value_in_line("") == "\"\"");
  CHECK(value_in_line("two words") == "\"two words\"");
  CHECK(value_in_line("a=b") == "\"a=b\"");
  CHECK(value_in_line("say \"yes\"\\") == R"("say \"yes\"\\")");
}

TEST_CASE("log: nothing in a value can start a second line or steer a terminal") {
  CHECK(value_in_line("a\nb\r\tc") == R"("a\nb\r\tc")");
  for (int byte = 0; byte < 256; ++byte) {
    const auto shown = value_in_line(std::string(1, static_cast<char>(byte)));
    for (const char c : shown) {
      CHECK_MESSAGE(static_cast<unsigned char>(c) >= 32, byte);
      CHECK_MESSAGE(c != 127, byte);
    }
  }
}

TEST_CASE("log: levels are read and compared") {
  for (const auto* name : {"debug", "info", "warn", "error", "off"})
    CHECK(log::parse_level(name).has_value());
  CHECK_FALSE(log::parse_level("INFO"));
  CHECK_FALSE(log::parse_level(""));
  CHECK(log::Level::debug < log::Level::error);
}

TEST_CASE("log: a file gets whole lines from many threads, each with its time") {
  const tests::TempDir dir;
  const auto old_level = log::level();
  log::to_file(dir / "daemonz.log");
  log::set_level(log::Level::info);
  constexpr int threads = 4, lines = 250;
  {
    std::vector<std::jthread> writers;
    for (int t = 0; t < threads; ++t)
      writers.emplace_back([t] {
        for (int i = 0; i < lines; ++i) log::info("test", "line written", {{"t", t}, {"i", i}});
      });
  }
  log::debug("test", "not written");
  log::set_level(old_level);
  std::ifstream file(dir / "daemonz.log");
  int count = 0;
  for (std::string line; std::getline(file, line); ++count) {
    REQUIRE(line.size() > 25);
    CHECK(parse_iso8601(line.substr(0, 24)).has_value());
    CHECK(line.substr(24).starts_with(" info test: line written t="));
  }
  CHECK(count == threads * lines);
  log::to_file("/dev/stderr");
}

TEST_CASE("log: a file that cannot be opened is named, and the old one stays") {
  const tests::TempDir dir;
  CHECK_THROWS_AS(log::to_file(dir.path()), Error);
}

TEST_CASE("log: held lines are written in order when the last holder ends, and not before") {
  std::string written;
  log::to_function([&written](std::string_view line) { written += line; });
  log::warn("test", "at once");
  {
    const log::Held outer;
    {
      const log::Held inner;
      log::warn("test", "first");
    }
    log::warn("test", "second");
    std::thread([] { log::warn("test", "another thread"); }).join();
    CHECK(written.find("another thread") != std::string::npos);
    CHECK(written.find("first") == std::string::npos);
  }
  log::to_function({});
  CHECK(written.find("first") < written.find("second"));
  CHECK(written.find("another thread") < written.find("first"));
  CHECK(written.ends_with("second\n"));
}
