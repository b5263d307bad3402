// The hostile programs: none gets out, each gets a verdict that it is allowed, in time, and nothing
// is left. And the reverse: without a layer something does get out, so that the suite can fail.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "process/launch.h"
#include "sandbox/suite.h"
#include "support/places.h"
#include "support/temp_dir.h"

using namespace daemonz;

namespace {

namespace fs = std::filesystem;

const std::string bin = tests::program_path("");
const std::string sources = tests::source_path("tests/programs");

tests::SuiteOptions suite_options(const tests::TempDir& state) {
  return {
      .programs_folder = bin + "programs", .sources_folder = sources, .state_folder = state.path()};
}

void check_all(const tests::SuiteOptions& options) {
  tests::HostileSuite suite(options);
  for (const auto& program : tests::hostile_programs(sources)) {
    if (program.allowed.front() == "none") continue;
    const auto outcome = suite.run(program);
    CAPTURE(outcome.name);
    CAPTURE(to_string(outcome.result.verdict));
    CAPTURE(outcome.result.stage);
    CAPTURE(outcome.result.errno_value);
    for (const auto& line : outcome.escapes) FAIL_CHECK(line);
    for (const auto& fact : outcome.unmet) CAPTURE(fact);
    CHECK(outcome.is_allowed);
    CHECK(outcome.is_in_time);
  }
  for (const auto& line : suite.leftovers()) FAIL_CHECK("left behind: " << line);
}

/// How many probes report a way out through this keeper.
int escapes_with(const std::string& keeper) {
  const tests::TempDir state;
  auto options = suite_options(state);
  options.keeper_path = bin + keeper;
  tests::HostileSuite suite(options);
  int escapes = 0;
  for (const auto& program : tests::hostile_programs(sources))
    if (program.is_probe) escapes += !suite.run(program).escapes.empty();
  return escapes;
}

/// Whether this program gets what it may through this keeper, whose limit mode `mode` is told.
bool is_allowed_with(const std::string& keeper, std::string_view name,
                     std::string* mode = nullptr) {
  const tests::TempDir state;
  auto options = suite_options(state);
  options.keeper_path = bin + keeper;
  tests::HostileSuite suite(options);
  for (const auto& program : tests::hostile_programs(sources))
    if (program.name == name) {
      const auto outcome = suite.run(program);
      if (mode) *mode = outcome.result.limits;
      return outcome.is_allowed;
    }
  FAIL("no program " << name);
  return false;
}

/// The test program with the shipped keeper, as somebody who is nobody.
process::Child start_as_nobody(const tests::TempDir& folder) {
  constexpr uid_t nobody = 65534;
  fs::permissions(folder.path(), fs::perms(0777));
  for (const char* name : {"sandbox-probes", "daemonz-keeper"})
    fs::copy(bin + name, folder.path() / name);
  fs::copy(bin + "programs", folder.path() / "programs");
  fs::copy(sources, folder.path() / "sources");
  process::LaunchOptions launch;
  launch.argv = {folder / "sandbox-probes", "--programs", folder / "programs", "--sources",
                 folder / "sources"};
  launch.working_folder = folder.path();
  launch.uid = nobody;
  launch.gid = nobody;
  return process::launch(launch);
}

}  // namespace

TEST_CASE("sandbox: no hostile program gets out, and nothing is left of any") {
  const tests::TempDir folder;
  std::optional<process::Child> nobody;
  if (::geteuid() == 0) nobody.emplace(start_as_nobody(folder));  // meanwhile, on another core
  const tests::TempDir state;
  check_all(suite_options(state));
  if (!nobody) return;
  const auto status = nobody->wait(std::chrono::steady_clock::now() + Seconds(60));
  REQUIRE(status);
  CHECK_MESSAGE(status->is_success(), "as an ordinary user; its lines stand above");
}

TEST_CASE("sandbox: with nothing taken away the test's keeper holds as well as the shipped one") {
  CHECK(escapes_with("keeper-without-nothing") == 0);
}

TEST_CASE("sandbox: every layer is needed: without it a probe reports a way out") {
  for (const char* layer :
       {"seccomp", "landlock", "pid_namespace", "user_namespace_ban", "net_namespace"})
    CHECK_MESSAGE(escapes_with(std::string("keeper-without-") + layer) > 0, layer);
}

TEST_CASE("sandbox: without the control group children take more than the run's memory in all") {
  std::string mode;
  CHECK(is_allowed_with("keeper-without-nothing", "memory_children", &mode));
  if (mode == "rlimit") {
    MESSAGE("skipped: this machine has no control groups for us");
    return;
  }
  CHECK_FALSE(is_allowed_with("keeper-without-cgroup", "memory_children"));
}

TEST_CASE("sandbox: without a box every probe reports a way out") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can run them as somebody who owns nothing");
    return;
  }
  const tests::TempDir state;
  const tests::HostileSuite suite(suite_options(state));
  for (const auto& program : tests::hostile_programs(sources))
    if (program.is_probe)
      CHECK_MESSAGE(!suite.run_unconfined(program).empty(), program.name << " finds no way out");
}

TEST_CASE("sandbox: the shipped keeper knows no way to leave a layer out") {
  std::ifstream file(bin + "/daemonz-keeper", std::ios::binary);
  const std::string image(std::istreambuf_iterator<char>(file), {});
  REQUIRE(image.size() > 100'000);
  CHECK(image.find("-without-") == std::string::npos);
}
