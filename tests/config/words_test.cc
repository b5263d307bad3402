#include "config/words.h"

#include <doctest/doctest.h>

using namespace daemonz::config;
using Words = std::vector<std::string>;

TEST_CASE("config: words are split as a shell splits them, and nothing is expanded") {
  CHECK(split_shell_words("") == Words{});
  CHECK(split_shell_words("  a  b\tc\n") == Words{"a", "b", "c"});
  CHECK(split_shell_words("a 'b c' \"d e\"f ''") == Words{"a", "b c", "d ef", ""});
  CHECK(split_shell_words(R"(a\ b "c\"d" 'e\f' "g\h" "\$")") ==
        Words{"a b", "c\"d", "e\\f", "g\\h", "$"});
  CHECK(split_shell_words("$HOME *.c | cat; ls") == Words{"$HOME", "*.c", "|", "cat;", "ls"});
  for (const auto* open : {"'a", "\"a", "a\\", "a \"b\\\""}) CHECK_FALSE(split_shell_words(open));
}

TEST_CASE("config: the nearest word is one that a typing error away could have become") {
  const Words known = {"instances", "command", "stop", "start_order"};
  CHECK(nearest_word("instnaces", known) == "instances");
  CHECK(nearest_word("comand", known) == "command");
  CHECK(nearest_word("sotp", known) == "stop");
  CHECK(nearest_word("startorder", known) == "start_order");
  CHECK_FALSE(nearest_word("colour", known));
  CHECK_FALSE(nearest_word("", known));
  CHECK_FALSE(nearest_word(std::string(100'000, 'i'), known));
}
