#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "judge/submission.h"
#include "judge/verdict.h"
#include "package_files.h"
#include "support/temp_dir.h"

namespace daemonz {
namespace {

using enum judge::Verdict;
using Labels = std::optional<std::vector<judge::Verdict>>;

const std::vector<judge::Verdict> crashes{run_time_error, memory_limit_exceeded,
                                          output_limit_exceeded};

/// What a submission in `folder` with `text` expects.
Labels expected(const std::string& folder, std::string_view text) {
  const tests::TempDir root;
  tests::write_file(root.path() / folder / "a.c", text);
  const auto submission =
      judge::read_submission(root.path() / folder / "a.c", folder + "/a.c", root.path());
  return judge::expected(submission);
}

TEST_CASE("labels: the folder says what is expected") {
  CHECK(expected("accepted", "") == std::vector{accepted});
  CHECK(expected("wrong_answer", "") == std::vector{wrong_answer});
  CHECK(expected("time_limit_exceeded", "") == std::vector{time_limit_exceeded});
  CHECK(expected("run_time_error", "") == crashes);
  CHECK(expected("compiler_error", "") == std::vector{compile_error});
  CHECK(expected("no_output", "") == std::vector{wrong_answer});
  CHECK(expected("output_limit", "") == std::vector{output_limit_exceeded});
  CHECK(expected("drafts", "") == std::nullopt);
}

TEST_CASE("labels: rejected is anything but accepted, never our own failure") {
  const auto verdicts = expected("rejected", "");
  REQUIRE(verdicts);
  for (const auto verdict : {wrong_answer, time_limit_exceeded, run_time_error,
                             memory_limit_exceeded, output_limit_exceeded, compile_error})
    CHECK(std::ranges::count(*verdicts, verdict) == 1);
  for (const auto verdict : {accepted, judge_error, skipped})
    CHECK(std::ranges::count(*verdicts, verdict) == 0);
}

TEST_CASE("labels: a tag beats the folder, whatever its spelling") {
  const struct {
    std::string value;
    Labels expected;
  } table[]{
      {"ACCEPTED", std::vector{accepted}},
      {"CORRECT", std::vector{accepted}},
      {"correct", std::vector{accepted}},
      {"WRONG-ANSWER", std::vector{wrong_answer}},
      {"Wrong_Answer", std::vector{wrong_answer}},
      {"TIMELIMIT", std::vector{time_limit_exceeded}},
      {"TIME_LIMIT_EXCEEDED", std::vector{time_limit_exceeded}},
      {"time-limit-exceeded", std::vector{time_limit_exceeded}},
      {"RUN-ERROR", crashes},
      {"RUN_TIME_ERROR", crashes},
      {"COMPILER-ERROR", std::vector{compile_error}},
      {"NO-OUTPUT", std::vector{wrong_answer}},
      {"OUTPUT-LIMIT", std::vector{output_limit_exceeded}},
      {"CHECK-MANUALLY", std::nullopt},
      {"nonsense", std::nullopt},
      {"", std::nullopt},
      {" TIMELIMIT , WRONG-ANSWER ", std::vector{time_limit_exceeded, wrong_answer}},
      {"TIMELIMIT,RUN-ERROR,TIMELIMIT", std::vector{time_limit_exceeded, run_time_error,
                                                    memory_limit_exceeded, output_limit_exceeded}},
      {"WRONG-ANSWER */", std::vector{wrong_answer}},
      {"WRONG-ANSWER\r", std::vector{wrong_answer}},
  };
  for (const auto& [value, wanted] : table) {
    CAPTURE(value);
    CHECK(expected("brute_force", "// @EXPECTED_RESULTS@: " + value + "\nint x;\n") == wanted);
  }
}

TEST_CASE("labels: a score tag counts when it names verdicts") {
  CHECK(expected("accepted", "# @EXPECTED_SCORE@: WRONG-ANSWER") == std::vector{wrong_answer});
  CHECK(expected("accepted", "# @EXPECTED_SCORE@: 42") == std::vector{accepted});
}

TEST_CASE("labels: a second tag leaves the submission unlabelled") {
  CHECK(expected("accepted", "// @EXPECTED_RESULTS@: CORRECT\n// @EXPECTED_RESULTS@: CORRECT\n") ==
        std::nullopt);
  CHECK(expected("accepted", "// @EXPECTED_RESULTS@: CORRECT\n// @EXPECTED_SCORE@: CORRECT\n") ==
        std::nullopt);
}

TEST_CASE("labels: the tag may stand in any file of a folder, also behind a NUL byte") {
  const tests::TempDir root;
  tests::write_file(root.path() / "accepted/x/main.c", "int main() { return 0; }\n");
  tests::write_file(root.path() / "accepted/x/notes/label.txt",
                    std::string_view("\0\xff@EXPECTED_RESULTS@: RUN-ERROR", 31));
  const auto submission =
      judge::read_submission(root.path() / "accepted/x", "accepted/x", root.path());
  CHECK(submission.files.size() == 2);
  CHECK(judge::expected(submission) == crashes);
}

TEST_CASE("labels: every verdict's name is read back") {
  for (const auto verdict :
       {accepted, wrong_answer, time_limit_exceeded, run_time_error, memory_limit_exceeded,
        output_limit_exceeded, compile_error, judge_error, skipped})
    CHECK(judge::parse_verdict(judge::to_string(verdict)) == verdict);
  CHECK(judge::parse_verdict("Accepted") == std::nullopt);
}

}  // namespace
}  // namespace daemonz
