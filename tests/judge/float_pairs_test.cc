// The default validator against the table of float_pairs.txt.
#include "float_pairs.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "judge/compare.h"
#include "judge/files.h"
#include "judge/judge.h"
#include "package_files.h"
#include "slot.h"
#include "support/places.h"

namespace daemonz {
namespace {

using tests::file_of;

// DAEMONZ_FLOAT_PAIRS names another table: tests/shown/sandbox/08_floats makes some.
TEST_CASE("compare: every pair of the float table is judged as the package format says") {
  const char* other = std::getenv("DAEMONZ_FLOAT_PAIRS");
  const auto pairs =
      tests::read_float_pairs(other ? other : tests::source_path("tests/judge/float_pairs.txt"));
  REQUIRE(pairs.size() >= 60);
  for (const auto& pair : pairs) {
    const auto answer = file_of(pair.answer), output = file_of(pair.output);
    const auto difference = judge::compare(answer.get(), output.get(),
                                           judge::parse_compare_options(pair.flags, pair.grammar));
    CHECK_MESSAGE(pair.is_right == !difference, pair.where, ": should be ",
                  pair.is_right ? "right: " : "wrong; it was accepted", difference.value_or(""));
  }
}

TEST_CASE("judge: the numbers of a package are read by the grammar of its version") {
  tests::PackageFiles files;
  files.write("problem.yaml", "validator_flags: float_tolerance 1e-6\n")
      .write(".timelimit", "5\n")
      .with_case("secret/1", "", "8\n")
      .write("submissions/any/hex.sh", "echo 0x1p3\n");
  auto package = files.read();
  CHECK(package.numbers == judge::NumberGrammar::c);
  for (const auto grammar : {judge::NumberGrammar::c, judge::NumberGrammar::decimal}) {
    package.numbers = grammar;
    const auto judgement = judge::Judge(tests::slot()).judge(package, package.submissions[0], {});
    REQUIRE(judgement);
    CHECK(judgement->verdict == (grammar == judge::NumberGrammar::c
                                     ? judge::Verdict::accepted
                                     : judge::Verdict::wrong_answer));
  }
}

TEST_CASE("judge: since 2023-07 hexadecimal is no number") {
  for (const std::string version : {"2023-07", "2025-09"}) {
    tests::PackageFiles files;
    files.write("problem.yaml", "problem_format_version: " + version + "\nname: Eight\n")
        .write("data/secret/test_group.yaml", "output_validator_args: [float_tolerance, 1e-6]\n")
        .with_case("secret/1", "", "8\n")
        .write("submissions/any/hex.sh", "echo 0x1p3\n");
    const auto package = files.read();
    const auto judgement = judge::Judge(tests::slot()).judge(package, package.submissions[0], {});
    REQUIRE(judgement);
    CHECK(judgement->verdict == judge::Verdict::wrong_answer);
    CHECK(doctest::String(judgement->note.c_str()) == doctest::Contains("expected a number"));
  }
}

TEST_CASE("compare: since 2023-07 a tolerance that is set twice is an error") {
  using Flags = std::vector<std::string>;
  const auto parse = [](const Flags& flags) {
    static_cast<void>(judge::parse_compare_options(flags, judge::NumberGrammar::decimal));
  };
  CHECK_NOTHROW(parse({"float_relative_tolerance", "1", "float_absolute_tolerance", "1"}));
  for (const auto& flags :
       {Flags{"float_tolerance", "1", "float_tolerance", "1"},
        Flags{"float_tolerance", "1", "float_absolute_tolerance", "1"},
        Flags{"float_relative_tolerance", "1", "float_tolerance", "1"},
        Flags{"float_relative_tolerance", "1", "float_relative_tolerance", "1"}})
    CHECK_THROWS_WITH_AS(parse(flags), doctest::Contains("sets a tolerance twice"), Error);
}

}  // namespace
}  // namespace daemonz
