#include "judge/package.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "package_files.h"

namespace daemonz {
namespace {

namespace fs = std::filesystem;
using doctest::Contains;
using tests::PackageFiles;
using tests::refusal;

std::vector<std::string> case_names(const judge::Package& package) {
  std::vector<std::string> names;
  for (const auto& test_case : package.cases) names.push_back(test_case.name);
  return names;
}

TEST_CASE("package: samples first, groups and cases in the order of their base names") {
  PackageFiles files;
  files.with_case("secret/10", "", "").with_case("secret/02", "", "");
  files.with_case("secret/05-group/b", "", "").with_case("secret/05-group/a", "", "");
  files.with_case("secret/05-group/deep/x y", "", "").with_case("sample/1", "", "");
  files.with_case("secret/02-b", "", "");
  files.write("data/secret/02.desc", "why").write("data/secret/notes.txt", "");
  CHECK(case_names(files.read()) ==
        std::vector<std::string>{"sample/1", "secret/02", "secret/02-b", "secret/05-group/a",
                                 "secret/05-group/b", "secret/05-group/deep/x y", "secret/10"});
}

TEST_CASE("package: what problem.yaml does not name has the format's values") {
  PackageFiles files;
  files.write("problem.yaml", "").with_case("secret/1", "", "");
  const auto package = files.read();
  CHECK(package.name == files.path().filename());
  CHECK_FALSE(package.has_custom_validator);
  CHECK(package.limits.time == std::nullopt);
  CHECK(package.limits.time_multiplier == 5);
  CHECK(package.limits.memory == mebibytes(2048));
  CHECK(package.limits.output == mebibytes(8));
  CHECK(package.limits.compilation_time == Seconds(60));
  CHECK(package.limits.processes == 64);
  CHECK(package.limits.code == std::nullopt);
}

TEST_CASE("package: limits, flags and name are read, typed or as text") {
  PackageFiles files;
  files.with_case("secret/1", "", "")
      .write("problem.yaml",
             "name: 'Roots & twigs'\n"
             "validator_flags: float_tolerance 1e-6\n"
             "limits:\n"
             "  time_multiplier: '2.5'\n"
             "  memory: 64\n"
             "  output: \"1\"\n"
             "  code: 10\n"
             "  compilation_time: 7.5\n"
             "  compilation_memory: 512\n"
             "  validation_time: 3\n"
             "  validation_memory: 100\n"
             "  validation_output: 2\n");
  const auto package = files.read();
  CHECK(package.name == "Roots & twigs");
  CHECK(package.cases[0].validator_flags == std::vector<std::string>{"float_tolerance", "1e-6"});
  CHECK(package.limits.time_multiplier == 2.5);
  CHECK(package.limits.memory == mebibytes(64));
  CHECK(package.limits.output == mebibytes(1));
  CHECK(package.limits.code == kibibytes(10));
  CHECK(package.limits.compilation_time == Milliseconds(7'500));
  CHECK(package.limits.compilation_memory == mebibytes(512));
  CHECK(package.limits.validation_time == Seconds(3));
  CHECK(package.limits.validation_memory == mebibytes(100));
  CHECK(package.limits.validation_output == mebibytes(2));
}

TEST_CASE("package: .timelimit and domjudge-problem.ini name the time limit") {
  PackageFiles files;
  files.with_case("secret/1", "", "").write(".timelimit", " 2.5\n");
  CHECK(files.read().limits.time == Milliseconds(2'500));
  files.write("domjudge-problem.ini", "name = x\ncolor='#aabbcc'\n");
  CHECK(files.read().limits.time == Milliseconds(2'500));
  files.write("domjudge-problem.ini", "short-name = A\ntimelimit = '3'\n");
  CHECK(files.read().limits.time == Milliseconds(3'000));
  files.write("domjudge-problem.ini", "; timelimit = 9\ntimelimit = 4 ; seconds\n");
  CHECK(files.read().limits.time == Milliseconds(4'000));
  files.write("domjudge-problem.ini", "timelimit = '3'\n");
  CHECK(judge::wall_limit(Milliseconds(3'000)) == Milliseconds(5'500));
}

TEST_CASE("package: a group's testdata.yaml names flags for it and the groups below") {
  PackageFiles files;
  files.with_case("secret/a/1", "", "").with_case("secret/a/in/1", "", "");
  files.with_case("secret/b/1", "", "").with_case("sample/1", "", "");
  files.write("data/testdata.yaml", "on_reject: break\n");
  files.write("data/secret/a/testdata.yaml", "output_validator_flags: case_sensitive\n");
  const auto package = files.read();
  const std::vector<std::string> none, flags{"case_sensitive"};
  REQUIRE(case_names(package) ==
          std::vector<std::string>{"sample/1", "secret/a/1", "secret/a/in/1", "secret/b/1"});
  CHECK(package.cases[0].validator_flags == none);
  CHECK(package.cases[1].validator_flags == flags);
  CHECK(package.cases[2].validator_flags == flags);
  CHECK(package.cases[3].validator_flags == none);
}

TEST_CASE("package: submissions are files and folders, named relative to submissions/") {
  PackageFiles files;
  files.with_case("secret/1", "", "");
  files.write("submissions/accepted/b.cc", "").write("submissions/accepted/a dir/main.py", "");
  files.write("submissions/accepted/a dir/.hidden", "").write("submissions/drafts/x.c", "");
  files.write("submissions/README", "");
  const auto package = files.read();
  REQUIRE(package.submissions.size() == 3);
  CHECK(package.submissions[0].name == "accepted/a dir");
  CHECK(package.submissions[0].files.size() == 1);
  CHECK(package.submissions[1].name == "accepted/b.cc");
  CHECK(package.submissions[2].name == "drafts/x.c");
}

TEST_CASE("package: a link inside is followed, one that leads out is refused by name") {
  PackageFiles files;
  files.with_case("secret/1", "in", "ans");
  fs::create_symlink("1.in", files.path() / "data/secret/2.in");
  fs::create_symlink("1.ans", files.path() / "data/secret/2.ans");
  CHECK(files.read().cases.size() == 2);

  const tests::TempDir elsewhere;
  tests::write_file(elsewhere.path() / "secret.ans", "x");
  tests::write_file(files.path() / "data/secret/3.in", "");
  fs::create_symlink(elsewhere.path() / "secret.ans", files.path() / "data/secret/3.ans");
  CHECK(refusal(files) == Contains("3.ans: leads out of"));
  fs::remove(files.path() / "data/secret/3.ans");
  fs::create_symlink("nowhere", files.path() / "data/secret/3.ans");
  CHECK(refusal(files) == Contains("3.ans: cannot be found"));
}

TEST_CASE("package: a neighbour whose name begins alike is not inside") {
  const tests::TempDir folder;
  tests::write_file(folder.path() / "pack/problem.yaml", "");
  tests::write_file(folder.path() / "pack/data/secret/1.ans", "");
  tests::write_file(folder.path() / "package/1.in", "");
  fs::create_symlink("../../../package/1.in", folder.path() / "pack/data/secret/1.in");
  CHECK(refusal(folder.path() / "pack") == Contains("leads out of"));
}

TEST_CASE("package: a link to a folder above itself ends in a message, not in a loop") {
  PackageFiles files;
  files.with_case("secret/1", "", "");
  fs::create_directory_symlink("..", files.path() / "data/secret/again");
  CHECK(refusal(files) == Contains("nested too deep"));
}

TEST_CASE("package: a folder that cannot be looked into is told, not fallen over") {
  for (const std::string name : {"data", "submissions", "data/secret", "output_validators"}) {
    PackageFiles files;
    if (name == "output_validators") files.write("problem.yaml", "validation: custom\n");
    if (name != "data") files.with_case("sample/1", "", "");
    fs::create_symlink(fs::path(name).filename(), files.path() / name);  // to itself
    CHECK(refusal(files) == Contains((files.path() / name).c_str()));
  }
}

TEST_CASE("package: what is missing is named together with the next step") {
  PackageFiles files;
  CHECK(refusal(files) == Contains("has no test case. Put NAME.in and NAME.ans"));
  files.with_case("secret/1", "", "");
  CHECK(refusal(files) == "");
  fs::remove(files.path() / "data/secret/1.ans");
  CHECK(refusal(files) == Contains("1.in: has no answer file beside it. Add 1.ans"));
  fs::remove(files.path() / "problem.yaml");
  CHECK(refusal(files) == Contains("has no problem.yaml"));
  CHECK(refusal("/nonexistent/package") == Contains("is not a folder"));
}

TEST_CASE("package: what is not judged yet or cannot be meant is refused by name") {
  PackageFiles files;
  files.with_case("secret/1", "", "");
  const struct {
    std::string yaml, message;
  } table[]{
      {"validation: default interactive", "\"interactive\" is not judged"},
      {"validation: custom multi-pass\nlimits: {validation_passes: 1}", "from 2 to 1000"},
      {"validation: custom", "there is no validator"},
      {"validation: own", "must begin with"},
      {"problem_format_version: 2031-01", "\"2031-01\" is not known"},
      {"type: submit-answer", "\"submit-answer\" is not judged"},
      {"constants: {n: 5}", "constants are not filled in"},
      {"validator_flags: ignore_case", "no flag \"ignore_case\""},
      {"validator_flags: {a: b}", "must be one text"},
      {"limits: {memory: much}", "\"memory\" must be a number"},
      {"limits: {memory: 0}", "\"memory\" must be a number"},
      {"limits: {memory: -5}", "\"memory\" must be a number"},
      {"limits: {compilation_time: .inf}", "\"compilation_time\" must be a number"},
      {"limits: [1]", "is not a mapping"},
      {"- a list", "is not a mapping"},
      {"name: [", "problem.yaml"},
  };
  for (const auto& [yaml, message] : table) {
    CAPTURE(yaml);
    files.write("problem.yaml", yaml + "\n");
    CHECK(refusal(files) == Contains(message.c_str()));
    CHECK(refusal(files) == Contains(files.path().c_str()));
  }
  files.write("problem.yaml", "");
  for (const std::string limit : {"", "two", "0", "-1", "1 2", "nan", "1e99"}) {
    CAPTURE(limit);
    files.write(".timelimit", limit);
    CHECK(refusal(files) == Contains(".timelimit: the time limit"));
  }
}

TEST_CASE("package: interactive and multi-pass problems are told from others") {
  PackageFiles files;
  files.with_case("secret/1", "", "").write("output_validators/v.sh", "exit 42\n");
  files.write("problem.yaml", "validation: custom\n");
  CHECK_FALSE(files.read().is_interactive);
  CHECK(files.read().passes_max == 1);
  files.write("problem.yaml", "validation: custom interactive\n");
  CHECK(files.read().is_interactive);
  files.write("problem.yaml", "validation: custom multi-pass\n");
  CHECK(files.read().passes_max == 2);
  files.write("problem.yaml",
              "validation: custom interactive multi-pass\nlimits: {validation_passes: 3}\n");
  CHECK(files.read().is_interactive);
  CHECK(files.read().passes_max == 3);
  files.write("output_validators/w.sh", "exit 42\n");
  CHECK(refusal(files) == Contains("has one validator, not 2"));
}

TEST_CASE("package: a scoring problem is judged without a score, and says so") {
  PackageFiles files;
  files.with_case("secret/1", "", "").write("problem.yaml", "type: scoring\n");
  CHECK(files.read().notes ==
        std::vector<std::string>{"a scoring problem: the verdict is given, no score"});
}

TEST_CASE("package: a custom validator's flags are its own") {
  PackageFiles files;
  files.with_case("secret/1", "", "").write("output_validators/check.py", "");
  files.write("problem.yaml", "validation: custom\nvalidator_flags: --strict 3\n");
  const auto package = files.read();
  CHECK(package.has_custom_validator);
  CHECK(package.validators.size() == 1);
  CHECK(package.cases[0].validator_flags == std::vector<std::string>{"--strict", "3"});
}

}  // namespace
}  // namespace daemonz
