#include "judge/compare.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "judge/files.h"
#include "package_files.h"

namespace daemonz {
namespace {

using tests::file_of;

using Flags = std::vector<std::string>;

judge::Difference difference(std::string_view answer, std::string_view output,
                             const Flags& flags = {}) {
  const auto a = file_of(answer), b = file_of(output);
  return judge::compare(a.get(), b.get(), judge::parse_compare_options(flags));
}

bool is_right(std::string_view answer, std::string_view output, const Flags& flags = {}) {
  return !difference(answer, output, flags);
}

struct Pair {
  std::string answer, output;
  bool is_right;
};

void check(const std::vector<Pair>& table, const Flags& flags) {
  for (const auto& [answer, output, expected] : table) {
    CAPTURE(answer);
    CAPTURE(output);
    CHECK(is_right(answer, output, flags) == expected);
  }
}

TEST_CASE("compare: without flags, case and the amount of white space do not matter") {
  check({{"1 2\n", "1 2\n", true},
         {"1 2\n", "1 2", true},
         {"1 2\n", "  1\t\t2\n\n\n", true},
         {"1\n2\n", "1 2", true},
         {"1\r\n2\r\n", "1\n2\n", true},
         {"1\n2\n", "1\r\n2\r\n", true},
         {"1\v\f2", "1 2", true},
         {"Yes\n", "yEs\n", true},
         {"", "", true},
         {"", "\n \n", true},
         {"\n", "", true},
         {"1 2\n", "12\n", false},
         {"12\n", "1 2\n", false},
         {"1 2\n", "1 3\n", false},
         {"1\n", "1 2\n", false},
         {"1 2\n", "1\n", false},
         {"", "x", false},
         {"x", "", false},
         {"abc", "ab", false},
         {"ab", "abc", false},
         {"1.0", "1.00", false},
         {"1e3", "1000", false},
         {"\xc3\x84", "\xc3\xa4", false}},
        {});
}

TEST_CASE("compare: case_sensitive") {
  check({{"Yes\n", "Yes\n", true}, {"Yes\n", "yes\n", false}, {"Yes", " Yes ", true}},
        {"case_sensitive"});
}

TEST_CASE("compare: space_change_sensitive compares white space byte by byte") {
  check({{"1 2\n", "1 2\n", true},
         {"1 2\n", "1  2\n", false},
         {"1  2\n", "1 2\n", false},
         {"1 2\n", "1\t2\n", false},
         {"1 2\n", "1 2", false},
         {"1 2", "1 2\n", false},
         {"1 2\n", " 1 2\n", false},
         {" 1 2\n", "1 2\n", false},
         {"1\n\n2\n", "1\n2\n", false},
         {"1\r\n", "1\n", false},
         {"A\n", "a\n", true},
         {"", "\n", false}},
        {"space_change_sensitive"});
}

TEST_CASE("compare: an absolute tolerance, in any spelling of a number") {
  check({{"0.0314", "3.14000000e-2", true},
         {"1", "1.0", true},
         {"1", "+1", true},
         {"1", "01", true},
         {"1", "1.", true},
         {"0.5", ".5", true},
         {"-0.5", "-.5", true},
         {"0", "-0", true},
         {"0", "-0.0000001", true},
         {"8", "0x1p3", true},
         {"16", "0X10", true},
         {"1000", "1e3", true},
         {"1000", "1E+3", true},
         {"0.001", "1e-3", true},
         {"1e3", "1000.0000001", true},
         {"1", "1.000001", true},  // the edge itself belongs to it
         {"1", "0.999999", true},
         {"100", "100.000001", true},
         {"1", "1.0000011", false},
         {"1", "0.9999989", false},
         {"1000000", "1000001", false},
         {"1", "2", false},
         {"1", "-1", false}},
        {"float_absolute_tolerance", "1e-6"});
}

TEST_CASE("compare: a relative tolerance is measured against the answer") {
  check({{"1000000", "1000001", true},
         {"1000000", "999999", true},
         {"1000000", "1000001.1", false},
         {"100", "100.0001", true},
         {"100", "100.00011", false},
         {"-100", "-100.0001", true},
         {"0", "0.0", true},
         {"0", "1e-300", false},
         {"1e300", "1.0000001e300", true},
         {"1e-300", "1.0000001e-300", true},
         {"1e-300", "1.1e-300", false}},
        {"float_relative_tolerance", "1e-6"});
}

TEST_CASE("compare: of two tolerances either suffices") {
  check({{"0", "0.0000005", true},
         {"1e9", "1000000500", true},
         {"1e9", "1000002000", false},
         {"1", "1.0000015", false}},
        {"float_tolerance", "1e-6"});
  check({{"10", "10.5", true},
         {"1000", "1000.5", true},
         {"1000", "1009", false},
         {"0.1", "0.6", true}},
        {"float_relative_tolerance", "1e-6", "float_absolute_tolerance", "0.5"});
}

TEST_CASE("compare: what is no finite number is a word, also with a tolerance") {
  check({{"nan", "nan", true},       {"nan", "NaN", true},
         {"nan", "0", false},        {"0", "nan", false},
         {"1", "-nan", false},       {"inf", "inf", true},
         {"inf", "INF", true},       {"inf", "infinity", false},
         {"inf", "-inf", false},     {"inf", "1e300", false},
         {"1e300", "inf", false},    {"1e5000", "1e5000", true},
         {"1", "one", false},        {"1", "1x", false},
         {"1", "1e", false},         {"1", "1,0", false},
         {"1", "1.0.0", false},      {"1", "--1", false},
         {"1", "0x", false},         {"1", "1f", false},
         {"1", "", false},           {"Impossible", "impossible", true},
         {"Impossible", "1", false}, {"1x", "1x", true},
         {"1x", "1.0x", false}},
        {"float_tolerance", "1e-6"});
}

TEST_CASE("compare: a tolerance of zero still reads numbers") {
  check({{"1.50", "1.5", true}, {"1.5", "1.5000001", false}}, {"float_tolerance", "0"});
}

TEST_CASE("compare: flags are combined, and a space change is seen beside a tolerance") {
  const Flags flags{"float_tolerance", "1e-3", "space_change_sensitive", "case_sensitive"};
  check({{"Sum 1.0\n", "Sum 1.0001\n", true},
         {"Sum 1.0\n", "sum 1.0\n", false},
         {"Sum 1.0\n", "Sum  1.0\n", false}},
        flags);
}

TEST_CASE("compare: NUL is a byte, and ends nothing") {
  const std::string with_nul("a\0b", 3), other("a\0c", 3), one("1\0", 2);
  CHECK(is_right(with_nul, with_nul));
  CHECK_FALSE(is_right(with_nul, other));
  CHECK_FALSE(is_right("a", with_nul));
  CHECK_FALSE(is_right(with_nul, "a"));
  CHECK_FALSE(is_right("1", one, {"float_tolerance", "1e-6"}));
  CHECK_FALSE(is_right("", std::string(1, '\0')));
}

TEST_CASE("compare: tokens longer than any buffer are compared to their end") {
  const std::string a(300'000, 'a');
  CHECK(is_right(a, a));
  CHECK(is_right(a, std::string(300'000, 'A')));
  CHECK_FALSE(is_right(a, std::string(300'000, 'A'), {"case_sensitive"}));
  CHECK_FALSE(is_right(a, a + "a"));
  CHECK_FALSE(is_right(a + "a", a));
  CHECK_FALSE(is_right(a + "b", a + "c"));
  CHECK_FALSE(is_right("1", "1" + std::string(300'000, '0'), {"float_tolerance", "1"}));
}

TEST_CASE("compare: a hundred thousand lines, and the line of the difference is told") {
  std::string answer, output;
  for (int i = 0; i < 100'000; ++i) {
    answer += std::to_string(i) + "\n";
    output += std::to_string(i == 99'998 ? 7 : i) + " \n";
  }
  CHECK(is_right(answer, answer));
  const auto found = difference(answer, output);
  REQUIRE(found);
  CHECK(*found ==
        "line 99999 of the output (line 99999 of the answer): expected \"99998\", got "
        "\"7\"");
}

TEST_CASE("compare: messages are printable whatever the output holds") {
  const auto found = difference("x", std::string("\xff\x01\0\x1b[2J", 7));
  REQUIRE(found);
  CHECK(found->find("got \"????[2J\"") != std::string::npos);
}

/// What parsing the flags throws; empty: nothing.
doctest::String refusal(const Flags& flags) {
  try {
    static_cast<void>(judge::parse_compare_options(flags));
  } catch (const Error& problem) {
    return problem.what();
  }
  return {};
}

TEST_CASE("compare: an unknown flag and a bad tolerance are refused by name") {
  using doctest::Contains;
  CHECK(refusal({"ignore_case"}) == Contains("no flag \"ignore_case\""));
  CHECK(refusal({"case_sensitive", "1e-6"}) == Contains("no flag \"1e-6\""));
  for (const std::string bad : {"x", "-1", "inf", "nan", ""})
    CHECK(refusal({"float_tolerance", bad}) == Contains("float_tolerance needs a number"));
  CHECK(refusal({"float_tolerance"}) == Contains("float_tolerance needs a number"));
  CHECK(refusal({"float_tolerance", "0", "case_sensitive"}) == "");
}

}  // namespace
}  // namespace daemonz
