#include "process/launch_all.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <fstream>

#include "base/units.h"
#include "process/fork_child.h"
#include "process/launch_numbers.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::process;

namespace {

constexpr int count = 40;

bool is_missing(int number) { return number % 8 == 5; }

// Whether the program of that number has said it and ended with it; the missing ones are refused.
bool is_right(int number, Launched& one, const std::string& said_in) {
  if (is_missing(number))
    return std::holds_alternative<Error>(one) &&
           std::string(std::get<Error>(one).what()).find("/nowhere/program") != std::string::npos;
  if (!std::holds_alternative<Child>(one)) return false;
  const auto deadline = std::chrono::steady_clock::now() + Seconds(20);
  const auto status = std::get<Child>(one).wait(deadline);
  std::ifstream file(said_in);
  int said = -1;
  file >> said;
  return status && status->exit_code == number && said == number;
}

int wrong_ones(const tests::TempDir& folder) {
  std::vector<LaunchOptions> all;
  std::vector<UniqueFd> outputs;
  for (int i = 0; i < count; ++i) {
    const auto name = folder / std::to_string(i);
    outputs.emplace_back(::open(name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    const auto number = std::to_string(i);
    all.push_back({.argv = {is_missing(i) ? "/nowhere/program" : "/bin/sh", "-c",
                            "echo " + number + "; exit " + number},
                   .stdout_fd = outputs.back().get(),
                   .stderr_fd = outputs.back().get()});
  }
  auto launched = launch_all(all);
  int wrong = launched.size() == count ? 0 : count;
  for (int i = 0; i < count && wrong < count; ++i)
    if (!is_right(i, launched[static_cast<std::size_t>(i)], folder / std::to_string(i))) ++wrong;
  return wrong;
}

}  // namespace

TEST_CASE("launch_all: each has its own child and its own failure, in order") {
  const tests::TempDir folder;
  CHECK(wrong_ones(folder) == 0);
}

TEST_CASE("launch_all: also where each is lent its own low numbers") {
  const tests::TempDir folder;
  auto child = fork_child([&] {
    reserve_launch_numbers();
    return wrong_ones(folder);
  });
  const auto status = child.wait(std::chrono::steady_clock::now() + Seconds(60));
  REQUIRE(status);
  CHECK(status->exit_code == 0);
}

TEST_CASE("launch_all: nothing to start is nothing started") { CHECK(launch_all({}).empty()); }
