#include "offline_tasks/task.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "process/run.h"
#include "sample_tasks.h"
#include "support/places.h"

using namespace daemonz;
namespace fs = std::filesystem;

namespace {

/// Asks the compiler about one file of must_not_compile/.
process::RunResult compiled(const fs::path& file) {
  const auto rooms = fs::path(tests::program_path("../rooms"));
  return process::run(
      {.argv = {"c++", "-std=c++20", "-fsyntax-only", "-I" + (rooms / "base").string(),
                "-I" + (rooms / "broker").string(), "-I" + (rooms / "db").string(),
                "-I" + (rooms / "offline_tasks").string(), file.string()},
       .time_limit = std::chrono::minutes(2)});
}

}  // namespace

TEST_CASE("offline_tasks: a list knows its tasks") {
  static_assert(samples::Tasks::contains<samples::Echo>);
  static_assert(!samples::Tasks::contains<samples::ElsewherePerformed>);
  static_assert(offline_tasks::Task<samples::Chain>);
  static_assert(!offline_tasks::Task<std::string>);
  CHECK(samples::Tasks::names[1] == "end");
  CHECK(offline_tasks::task_defaults<samples::Echo>().queue == "echoes");
  CHECK_FALSE(offline_tasks::task_defaults<samples::End>().queue);
}

TEST_CASE("offline_tasks: mistakes in a TaskList do not compile, and the compiler says why") {
  const fs::path folder = tests::source_path("tests/offline_tasks/must_not_compile");
  CHECK(compiled(folder / "control.cc").status.is_success());
  const auto result = compiled(folder / "mistakes.cc");
  CHECK_FALSE(result.status.is_success());
  const std::string mark = "// expected: ";
  std::ifstream text(folder / "mistakes.cc");
  int expected = 0;
  for (std::string line; std::getline(text, line);) {
    const auto at = line.rfind(mark);
    if (at == std::string::npos || line.starts_with("//")) continue;
    CAPTURE(line);
    CHECK(result.errors.find("static assertion failed: ") != std::string::npos);
    CHECK(result.errors.find(line.substr(at + mark.size())) != std::string::npos);
    ++expected;
  }
  CHECK(expected == 4);
}
