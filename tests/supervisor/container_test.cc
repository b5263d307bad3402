// The real daemonz as the first process of a container: a pid namespace of its own.
#include <doctest/doctest.h>

#include "process/launch.h"
#include "supervisor/site.h"
#include "support/places.h"

using namespace daemonz;
using namespace daemonz::tests;

namespace {

// daemonz run as PID 1. `then` is a shell command that looks at it from inside, with $d as daemonz.
process::RunResult run_as_first(const Site& site, const std::string& then = ":") {
  const auto script = "mount -t proc proc /proc; d='" + tests::program_path("daemonz") +
                      "'; c='--config " + site.config_path() + "'; (" + then + ") & exec $d run $c";
  std::vector<std::string> argv{"unshare", "--pid", "--mount", "--fork", "sh", "-c", script};
  if (::geteuid() != 0) argv.insert(argv.begin() + 1, {"--user", "--map-root-user"});
  return process::run({.argv = std::move(argv), .time_limit = Seconds(60)});
}

}  // namespace

TEST_CASE("container: as PID 1 it ends with 0 on TERM, and reaps whatever becomes its child") {
  const Site site(R"(
  one: {command: [sh, -c, "(setsid sh -c 'exit 7' &); (setsid sleep 0.01 &); exec sleep 1000"]}
)");
  // Its own child alone is left of all that slept: a zombie would still be counted.
  const auto result = run_as_first(site, R"sh(
    until $d status $c; do :; done >/dev/null 2>&1
    for i in 1 2 3 4 5 6 7 8 9; do (sleep 0.01 &); done
    until [ "$(cat /proc/[0-9]*/comm | grep -c '^sleep')" = 1 ]; do :; done
    kill -TERM 1)sh");
  CHECK(result.status.exit_code == 0);
  CHECK(site.run({"status"}).status.exit_code == 3);
}

TEST_CASE("container: it does not stay up with everything given up, and its exit code says so") {
  const Site given_up(R"(
  one: {command: [sh, -c, "exit 5"], ready: {notify: true}, restart: {limit: 1, delay: 1ms}}
  two: {command: [sh, -c, "exit 6"], restart: {policy: never}}
  after: {command: [sleep, "1000"], depends_on: {one: ready}}
)");
  const auto result = run_as_first(given_up);
  CHECK(result.status.exit_code == 1);
  CHECK(result.errors.find("nothing is left to run") != std::string::npos);

  const Site done("  once: {command: [sh, -c, \"exit 0\"], restart: {policy: never}}\n");
  CHECK(run_as_first(done).status.exit_code == 0);
}

TEST_CASE("container: a vital instance that is given up takes the container with it") {
  const Site site(R"(
  good: {command: [sleep, "1000"]}
  bad: {command: [sh, -c, "exit 5"], vital: true, restart: {limit: 1, delay: 1ms}}
)");
  CHECK(run_as_first(site).status.exit_code == 1);
}

TEST_CASE("container: in the background it stays, so that what was given up can be looked at") {
  const Site site("  one: {command: [sh, -c, \"exit 5\"], restart: {limit: 1, delay: 1ms}}\n");
  CHECK(site.run({"start"}).status.exit_code == 1);
  CHECK(becomes_true([&] { return site.row("one").state == "FATAL"; }));
  CHECK(site.run({"status"}).status.exit_code == 1);
}
