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
