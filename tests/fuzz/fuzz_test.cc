// The kept corpus, replayed by every test run: seeds of the fuzzer, and each input that once broke
// something.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/log.h"
#include "fuzz/targets.h"
#include "support/places.h"

using namespace daemonz;

namespace {

int replay(const std::string& target, void (*run)(std::string_view)) {
  const auto level = log::level();
  log::set_level(log::Level::off);
  int count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(tests::source_path("tests/fuzz/corpus/" + target))) {
    std::ifstream file(entry.path(), std::ios::binary);
    run(std::string(std::istreambuf_iterator<char>(file), {}));  // aborts when a promise is broken
    ++count;
  }
  log::set_level(level);
  return count;
}

}  // namespace

TEST_CASE("fuzz: the kept inputs of the parser break nothing") {
  CHECK(replay("parser", fuzz::parse) > 0);
}

TEST_CASE("fuzz: the kept inputs of recovery break nothing") {
  CHECK(replay("recovery", fuzz::recover) > 0);
}
