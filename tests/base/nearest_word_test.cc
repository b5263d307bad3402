#include "base/nearest_word.h"

#include <doctest/doctest.h>

#include <vector>

using daemonz::nearest_word;

TEST_CASE("base: the nearest word is one that a typing error away could have become") {
  const std::vector<std::string_view> known = {"instances", "command", "stop", "start_order"};
  CHECK(nearest_word("instnaces", known) == "instances");
  CHECK(nearest_word("comand", known) == "command");
  CHECK(nearest_word("sotp", known) == "stop");
  CHECK(nearest_word("startorder", known) == "start_order");
  CHECK_FALSE(nearest_word("colour", known));
  CHECK_FALSE(nearest_word("", known));
  CHECK_FALSE(nearest_word(std::string(100'000, 'i'), known));
}
