#include "process/run.h"

#include <doctest/doctest.h>

#include <csignal>

#include "base/error.h"
#include "process/identity.h"

using namespace daemonz;
using namespace daemonz::process;

TEST_CASE("run: output, errors and exit code come back") {
  const auto result = run({.argv = {"sh", "-c", "echo out; echo err >&2; exit 3"}});
  CHECK(result.output == "out\n");
  CHECK(result.errors == "err\n");
  CHECK(result.status.exit_code == 3);
  CHECK_FALSE(result.is_timed_out);
}

TEST_CASE("run: input larger than a pipe goes in while output comes out") {
  const std::string input(300'000, 'x');
  const auto result = run({.argv = {"cat"}, .input = input, .time_limit = Seconds(10)});
  CHECK(result.output == input);
  CHECK(result.status.is_success());
}

TEST_CASE("run: a program that does not read its input is no trouble") {
  const auto result = run({.argv = {"true"}, .input = std::string(1'000'000, 'x')});
  CHECK(result.status.is_success());
}

TEST_CASE("run: a flood is cut at the cap and read to its end") {
  const auto result = run({.argv = {"sh", "-c", "head -c 1000000 /dev/zero"},
                           .time_limit = Seconds(10),
                           .output_max = Bytes(1000)});
  CHECK(result.output.size() == 1000);
  CHECK(result.is_output_cut);
  CHECK(result.status.is_success());
}

TEST_CASE("run: the time limit kills the whole tree, also what has left the session") {
  const auto result =
      run({.argv = {"sh", "-c", "setsid sleep 1000 & echo $!; sleep 1000 & echo $!; wait"},
           .time_limit = Milliseconds(500)});
  CHECK(result.is_timed_out);
  CHECK(result.status.signal == SIGKILL);
  CHECK(result.wall_time < Seconds(5));
  const auto line_end = result.output.find('\n');
  REQUIRE(line_end != std::string::npos);
  for (const auto& text : {result.output.substr(0, line_end), result.output.substr(line_end + 1)}) {
    const auto stat = stat_of(std::stoi(text));
    CHECK((!stat || !stat->is_alive()));
  }
}

TEST_CASE("run: what a program leaves behind is killed with its end") {
  const auto result =
      run({.argv = {"sh", "-c", "(setsid sleep 1000 &) ; exit 0"}, .time_limit = Seconds(10)});
  CHECK(result.status.is_success());
  CHECK_FALSE(result.is_timed_out);
  CHECK(result.wall_time < Seconds(5));  // the sleeper held the pipe open
}

TEST_CASE("run: a missing program is an error, not a result") {
  CHECK_THROWS_AS(static_cast<void>(run({.argv = {"no-such-program-here"}})), Error);
}
