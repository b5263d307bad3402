// The three versions of the package format, rule by rule: what stands in a file, and what is read
// from it or said about it.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "judge/package.h"
#include "package_files.h"

namespace daemonz {
namespace {

namespace fs = std::filesystem;
using doctest::Contains;
using judge::Package;
using tests::PackageFiles;
using tests::refusal;

const std::string draft = "problem_format_version: 2023-07-draft\n";
const std::string latest = "problem_format_version: 2025-09\n";

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const auto& part : parts) all += (all.empty() ? "" : "|") + part;
  return all;
}

std::string limit_of(const Package& package) {
  return package.limits.time ? std::to_string(package.limits.time->count()) : "measured";
}

std::string kind_of(const Package& package) {
  return std::string(package.has_custom_validator ? "custom" : "default") +
         (package.is_interactive ? " interactive" : "") + " " + std::to_string(package.passes_max);
}

std::string measuring(const Package& package) {
  return std::to_string(package.limits.time_multiplier).substr(0, 4) + " to " +
         std::to_string(package.limits.time_resolution.count());
}

std::string flags_of(const Package& package) { return joined(package.cases[0].validator_flags); }
std::string notes_of(const Package& package) { return joined(package.notes); }
std::string languages_of(const Package& package) { return joined(package.languages); }
std::string name_of(const Package& package) { return package.name; }
std::string arguments_of(const Package& package) { return joined(package.cases[0].arguments); }

struct Rule {
  std::string yaml;  ///< problem.yaml
  std::vector<std::pair<std::string, std::string>> files;
  std::string (*read)(const Package&);  ///< nullptr: the package is refused
  std::string expected;                 ///< a part of it, for notes and refusals
};

using Files = std::vector<std::pair<std::string, std::string>>;
const Files none, validator{{"output_validator/v.py", ""}};
const Files both_limits{{".timelimit", "7\n"}, {"domjudge-problem.ini", "timelimit='3'\n"}};

const std::vector<Rule> version_rules{
    {"", none, measuring, "5.00 to 1000"},
    {"problem_format_version: legacy\n", none, measuring, "5.00 to 1000"},
    {"problem_format_version: legacy-icpc\n", none, measuring, "5.00 to 1000"},
    {draft, none, measuring, "2.00 to 1000"},
    {"problem_format_version: 2023-07\n", none, measuring, "2.00 to 1000"},
    {"problem_format_version: 2025-09-draft\n", none, measuring, "2.00 to 1000"},
    {latest, none, measuring, "2.00 to 1000"},
    {"\xef\xbb\xbf" + latest, none, measuring, "2.00 to 1000"},
    {"problem_format_version: 2025-09\r\nname: a b\r\n", none, name_of, "a b"},
    {"problem_format_version: 2024-01\n", none, nullptr,
     "\"2024-01\" is not known. Known are legacy"},
    {"problem_format_version: [a]\n", none, nullptr, "must be one text"},
};
const std::vector<Rule> metadata_rules{
    {latest + "name: {de: Summe, en: Sum}\n", none, name_of, "Sum"},
    {latest + "name: {sv: Summan, de: Summe}\n", none, name_of, "Summan"},
    {latest + "uuid: 0-0\nlicense: cc0\ncredits: {authors: [A <a@b.example>]}\n", none, notes_of,
     ""},
    {"author: A\nsource_url: x\ngrading: {objective: max}\n", none, notes_of, ""},
    {latest + "lmits: {memory: 3}\n", none, notes_of,
     "\"lmits\" is not known and passed over; did you mean \"limits\"?"},
    {latest + "limits: {memroy: 3}\n", none, notes_of,
     "\"memroy\" is not known and passed over; did you mean \"memory\"?"},
    {"validator_flag: case_sensitive\n", none, notes_of, "did you mean \"validator_flags\"?"},
    {latest + "validator_flags: x\n", none, notes_of, "\"validator_flags\" is not known"},
    {latest + "x_of_our_own: 1\n", none, notes_of, "\"x_of_our_own\" is not known and passed over"},
    {latest + "languages: [cpp, python3]\n", none, languages_of, "cpp|python3"},
    {latest + "languages: cpp\n", none, languages_of, "cpp"},
    {latest + "languages: all\n", none, languages_of, ""},
    {latest + "languages: []\n", none, nullptr, "\"languages\" must be one text or a list"},
    {latest + "allow_file_writing: perhaps\n", none, nullptr, "must be true or false"},
    {latest + "constants: {n: 5}\n", none, nullptr, "constants are not filled in"},
    {latest + "constants: {}\n", none, kind_of, "default 1"},
};
const std::vector<Rule> type_rules{
    {"validation: custom interactive\n",
     {{"output_validators/v.py", ""}},
     kind_of,
     "custom interactive 1"},
    {"validation: custom multi-pass\n", {{"output_validators/v.py", ""}}, kind_of, "custom 2"},
    {"validation: custom score\n", {{"output_validators/v.py", ""}}, notes_of, "a scoring problem"},
    {"validation: default\n", {{"output_validators/v.py", ""}}, kind_of, "default 1"},
    {"type: interactive\n", none, nullptr, "Write validation: custom interactive"},
    {latest, none, kind_of, "default 1"},
    {latest, validator, kind_of, "custom 1"},
    {draft, {{"output_validators/v.py", ""}}, kind_of, "custom 1"},
    {latest + "type: interactive\n", validator, kind_of, "custom interactive 1"},
    {latest + "type: [interactive, multi-pass]\n", validator, kind_of, "custom interactive 2"},
    {latest + "type: multi-pass\nlimits: {validation_passes: 4}\n", validator, kind_of, "custom 4"},
    {latest + "limits: {validation_passes: 4}\n", validator, kind_of, "custom 1"},
    {latest + "type: [scoring, multi-pass]\n", validator, notes_of,
     "the verdict is given, no score"},
    {draft + "type: pass-fail\n", none, kind_of, "default 1"},
    {latest + "type: interactive\n", none, nullptr, "output_validator: is missing"},
    {latest + "type: [pass-fail, scoring]\n", none, nullptr, "cannot be both"},
    {latest + "type: submit-answer\n", none, nullptr, "\"submit-answer\" is not judged"},
    {latest + "type: pass-fial\n", none, nullptr, "Did you mean \"pass-fail\"?"},
    {latest + "type: []\n", none, nullptr, "\"type\" must be one text or a list"},
    {latest + "type: {a: b}\n", none, nullptr, "\"type\" must be one text or a list"},
    {latest, {{"static_validator/v.py", ""}}, nullptr, "static_validator: is not run"},
};
const std::vector<Rule> limit_rules{
    {"limits: {time_multiplier: 3}\n", none, measuring, "3.00 to 1000"},
    {latest + "limits: {time_multipliers: {ac_to_time_limit: 1.5, time_limit_to_tle: 2}}\n", none,
     measuring, "1.50 to 1000"},
    {latest + "limits: {time_resolution: 0.1}\n", none, measuring, "2.00 to 100"},
    {latest + "limits: {time_multiplier: 3}\n", none, notes_of,
     "\"time_multiplier\" is not known and passed over; did you mean \"time_multipliers\"?"},
    {latest + "limits: {time_multipliers: {ac_to_time_limit: 0.5}}\n", none, nullptr,
     "\"ac_to_time_limit\" must be a number from 1 to"},
    {latest + "limits: {time_limit: 2.5}\n", none, limit_of, "2500"},
    {latest, both_limits, limit_of, "3000"},
    {latest,
     {{".timelimit",
       "\xef\xbb\xbf"
       "7\r\n"}},
     limit_of,
     "7000"},
    {latest + "limits: {time_limit: 2}\n", both_limits, limit_of, "2000"},
    {"limits: {time_limit: 2}\n", both_limits, limit_of, "3000"},
    {"limits: {time_limit: 2}\n", none, limit_of, "2000"},
    {"", {{"domjudge-problem.ini", "\xef\xbb\xbftimelimit = 4\r\n"}}, limit_of, "4000"},
    {latest + "limits: {time_limit: fast}\n", none, nullptr, "\"time_limit\" must be a number"},
    {latest + "limits: {time_limit: 0}\n", none, nullptr, "\"time_limit\" must be a number"},
    {latest + "limits: 3\n", none, nullptr, "is not a mapping"},
};
const std::vector<Rule> argument_rules{
    {"validator_flags: float_tolerance 1e-6\n", none, flags_of, "float_tolerance|1e-6"},
    {"",
     {{"data/testdata.yaml", "output_validator_flags: case_sensitive\n"}},
     flags_of,
     "case_sensitive"},
    {"",
     {{"data/secret/testdata.yaml", "output_validator_flags: {name: v, flags: case_sensitive}\n"}},
     flags_of,
     "case_sensitive"},
    {draft,
     {{"data/secret/test_group.yaml", "output_validator_args: [float_tolerance, 0.1]\n"}},
     flags_of,
     "float_tolerance|0.1"},
    {draft,
     {{"data/secret/testdata.yaml", "output_validator_flags: case_sensitive\n"}},
     flags_of,
     "case_sensitive"},
    {latest,
     {{"data/secret/test_group.yaml", "output_validator_args: [case_sensitive]\n"}},
     flags_of,
     "case_sensitive"},
    {latest,
     {{"data/secret/test_group.yaml", "output_validator_args: [case_sensitive]\n"},
      {"data/secret/1.yaml", "output_validator_args: []\n"}},
     flags_of,
     ""},
    {latest,
     {{"data/secret/1.yaml", "output_validator_args: [a b, c]\n"}, validator[0]},
     flags_of,
     "a b|c"},
    {latest, {{"data/secret/1.yaml", "args: [--size, 10]\n"}}, arguments_of, "--size|10"},
    {latest, {{"data/secret/test_group.yaml", "args: [-x]\n"}}, arguments_of, "-x"},
    {draft, {{"data/secret/1.args", "-x  y\r\n"}}, arguments_of, "-x|y"},
    {"", {{"data/secret/1.yaml", "args: [-x]\n"}}, arguments_of, ""},
    {latest, {{"data/secret/1.yaml", "arg: [-x]\n"}}, notes_of, "did you mean \"args\"?"},
    {latest,
     {{"data/secret/1.yaml", "output_validator_args: [ignore_case]\n"}},
     nullptr,
     "no flag \"ignore_case\""},
    {latest,
     {{"data/secret/1.yaml", "output_validator_args: [float_tolerance, 1, float_tolerance, 2]\n"}},
     nullptr,
     "float_tolerance"},
    {latest,
     {{"data/secret/1.yaml", "output_validator_args: {a: b}\n"}},
     nullptr,
     "must be one text or a list"},
    {"", {{"data/secret/2.ans", ""}}, notes_of, "data/secret/2.ans has no input beside it"},
    {"", {{"data/secret/2.in", ""}}, nullptr, "2.in: has no answer file beside it"},
    {latest, {{"data/secret/2.in", ""}}, nullptr, "2.in: has no answer file beside it"},
    {"", {{"data/secret/2.in/x", ""}}, nullptr, "2.in: is a folder, not an input"},
    {"", {{"data/secret/2.in", ""}, {"data/secret/2.ans/x", ""}}, nullptr, "2.ans: is a folder"},
};

void check(const std::vector<Rule>& rules) {
  for (const auto& rule : rules) {
    CAPTURE(rule.yaml);
    PackageFiles files;
    files.write("problem.yaml", rule.yaml).with_case("secret/1", "", "");
    for (const auto& [name, text] : rule.files) {
      CAPTURE(name);
      files.write(name, text);
    }
    if (!rule.read) {
      CHECK(refusal(files) == Contains(rule.expected.c_str()));
      continue;
    }
    REQUIRE(refusal(files) == "");
    const auto found = rule.read(files.read());
    if (rule.read == notes_of && !rule.expected.empty()) {
      CHECK(doctest::String(found.c_str()) == Contains(rule.expected.c_str()));
    } else {
      CHECK(found == rule.expected);
    }
  }
}

TEST_CASE("format: each version is read as itself, others are refused by name") {
  check(version_rules);
}
TEST_CASE("format: names, languages and keys that nobody knows") { check(metadata_rules); }
TEST_CASE("format: kinds of problems") { check(type_rules); }
TEST_CASE("format: limits, and which of several counts") { check(limit_rules); }
TEST_CASE("format: arguments of cases and groups, and files that belong to none") {
  check(argument_rules);
}

TEST_CASE("format: a group's arguments hold for the groups below, a nearer file's instead") {
  PackageFiles files;
  files.write("problem.yaml", draft)
      .with_case("secret/a/b/1", "", "")
      .with_case("secret/c/1", "", "");
  files.write("data/secret/test_group.yaml", "output_validator_args: [case_sensitive]\n");
  files.write("data/secret/a/test_group.yaml", "args: [x]\n");
  files.write("data/secret/c/test_group.yaml", "output_validator_args: [space_change_sensitive]\n");
  const auto package = files.read();
  REQUIRE(package.cases.size() == 2);
  CHECK(joined(package.cases[0].validator_flags) == "case_sensitive");
  CHECK(joined(package.cases[0].arguments) == "x");
  CHECK(joined(package.cases[1].validator_flags) == "space_change_sensitive");
}

TEST_CASE("format: what belongs to a case is no group and no case") {
  PackageFiles files;
  files.write("problem.yaml", latest).with_case("secret/1", "", "").with_case("sample/1", "", "");
  files.write("data/secret/1.files/map.txt", "x").write("data/secret/1.files/sub/a.in", "");
  for (const char* name :
       {"sample/1.in.statement", "sample/1.ans.statement", "sample/1.in.download", "sample/1.out",
        "sample/2.interaction", "secret/1.png", "secret/1.hint"})
    files.write(std::string("data/") + name, "");
  files.with_case("invalid_input/x", "", "").with_case("invalid_output/x", "", "");
  files.with_case("valid_output/x", "", "");
  files.write("data/secret/1.yaml", "description: nothing to add\n");
  const auto package = files.read();
  REQUIRE(package.cases.size() == 2);
  CHECK(package.cases[1].name == "secret/1");
  CHECK(package.cases[1].description == "nothing to add");
  REQUIRE(package.cases[1].files.size() == 2);
  CHECK(package.cases[1].files[0].name == "map.txt");
  CHECK(package.cases[1].files[1].name == "sub/a.in");
  CHECK(joined(package.notes) == "");
}

TEST_CASE("format: the one validator is a file, a folder in its folder, or the folder itself") {
  const auto name_of_validator = [](const std::vector<std::string>& names) {
    PackageFiles files;
    files.write("problem.yaml", latest).with_case("secret/1", "", "");
    for (const auto& name : names) files.write("output_validator/" + name, "");
    const auto package = files.read();
    REQUIRE(package.validators.size() == 1);
    return package.validators[0].filename().string();
  };
  CHECK(name_of_validator({"v.py"}) == "v.py");
  CHECK(name_of_validator({"v.py", "README.md"}) == "v.py");
  CHECK(name_of_validator({"check/v.cc", "check/v.h"}) == "check");
  CHECK(name_of_validator({"v.cc", "v.h"}) == "output_validator");
  CHECK(name_of_validator({"build", "run", "README"}) == "output_validator");
}

TEST_CASE("format: names of any bytes are read, and shown in one printable line") {
  PackageFiles files;
  const std::string long_name(200, 'x');
  for (const std::string name :
       {"two  words",
        "gr\xc3\xb6\xc3\x9f"
        "e",
        "latin\xe9", "a\nb", "tab\t", "-n", "*", "\x1b[31m", "100%", "'q\"", long_name.c_str()})
    files.with_case("secret/" + name, "", "");
  CHECK(files.read().cases.size() == 11);
  fs::remove(files.path() / "data/secret/a\nb.ans");
  CHECK(refusal(files) == Contains("a?b.in: has no answer file beside it. Add a?b.ans."));
  fs::remove(files.path() / "data/secret/a\nb.in");
  fs::remove(files.path() / "data/secret/\x1b[31m.ans");
  CHECK(refusal(files) == Contains("?[31m.in: has no answer file"));
}

TEST_CASE("format: ten thousand cases are read in order") {
  PackageFiles files;
  for (int i = 0; i < 10'000; ++i) files.with_case("secret/" + std::to_string(10'000 + i), "", "");
  const auto package = files.read();
  REQUIRE(package.cases.size() == 10'000);
  CHECK(std::ranges::is_sorted(package.cases, {}, &judge::Case::name));
}

}  // namespace
}  // namespace daemonz
