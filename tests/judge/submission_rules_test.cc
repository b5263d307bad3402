#include "judge/submission_rules.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "judge/glob.h"
#include "package_files.h"

namespace daemonz {
namespace {

using doctest::Contains;
using judge::Verdict;
using tests::PackageFiles;
using tests::refusal;

/// Short names, sorted: "AC WA". "-": unlabelled.
std::string shown(const std::optional<std::vector<Verdict>>& verdicts) {
  if (!verdicts) return "-";
  std::vector<std::string> names;
  for (const auto verdict : *verdicts)
    names.emplace_back(verdict == Verdict::accepted              ? "AC"
                       : verdict == Verdict::wrong_answer        ? "WA"
                       : verdict == Verdict::time_limit_exceeded ? "TLE"
                       : verdict == Verdict::run_time_error      ? "RTE"
                                                                 : "");
  std::ranges::sort(names);
  std::string all;
  for (const auto& name : names)
    if (!name.empty()) all += (all.empty() ? "" : " ") + name;
  return all;
}

void fill(PackageFiles& files, const std::string& yaml, const std::string& name,
          const std::string& text = "") {
  files.with_case("sample/1", "", "").with_case("secret/a-easy/1", "", "");
  files.with_case("secret/b-hard/1", "", "");
  files.write("submissions/submissions.yaml", yaml).write("submissions/" + name, text);
}

judge::Package package_with(const std::string& yaml, const std::string& name) {
  PackageFiles files;
  fill(files, yaml, name);
  return files.read();
}

std::string label(const std::string& yaml, const std::string& name, const std::string& text = "") {
  PackageFiles files;
  fill(files, yaml, name, text);
  return shown(judge::expected(files.read().submissions.at(0)));
}

TEST_CASE("submissions: permitted and required say how a submission may end") {
  const struct {
    std::string yaml, name, expected;
  } table[]{
      {"", "accepted/a.c", "AC"},
      {"mixed/a.c: {permitted: [AC]}", "mixed/a.c", "AC"},
      {"mixed/a.c: {permitted: [AC, WA], required: [WA]}", "mixed/a.c", "WA"},
      {"mixed/*: {permitted: [AC, TLE, WA], required: [TLE, WA]}", "mixed/a.c", "TLE WA"},
      {"mixed: {required: [TLE, RTE]}", "mixed/a.c", "RTE TLE"},
      {"mixed/a.c: {permitted: [AC, WA]}", "mixed/a.c", "AC WA"},
      {"mixed/b.c: {permitted: [AC, WA]}", "mixed/a.c", "-"},
      {"mixed/{b,a}.{py,c}: {permitted: [WA]}", "mixed/a.c", "WA"},
      {"'{mixed,other}/*': {permitted: [WA]}", "mixed/a.c", "WA"},
      {"'*': {permitted: [WA]}", "mixed/a.c", "WA"},
      {"mixed/*.py: {permitted: [WA]}", "mixed/a.c", "-"},
      {"mixed/a: {permitted: [WA]}", "mixed/a/main.c", "WA"},
      // What the folder says holds for what is left open, and gives way where it contradicts.
      {"rejected/a.c: {permitted: [AC, WA]}", "rejected/a.c", "WA"},
      {"rejected/a.c: {required: [TLE]}", "rejected/a.c", "TLE"},
      {"accepted/a.c: {permitted: [AC, WA], required: [WA]}", "accepted/a.c", "WA"},
      {"accepted/a.c: {permitted: [WA]}", "accepted/a.c", "WA"},
      {"wrong_answer/a.c: {required: [TLE]}", "wrong_answer/a.c", "TLE"},
      {"wrong_answer/a.c: {permitted: [AC, WA, TLE], required: [WA, TLE]}", "wrong_answer/a.c",
       "TLE WA"},
      {"time_limit_exceeded: {permitted: [AC, WA, TLE], required: [TLE]}",
       "time_limit_exceeded/a.c", "TLE WA"},
      {"brute_force/a.c: {language: cpp}", "brute_force/a.c", "RTE TLE"},
      // Two patterns narrow each other.
      {"mixed/*: {permitted: [AC, WA, TLE]}\nmixed/a.c: {permitted: [WA, RTE]}", "mixed/a.c", "WA"},
      // Only of some cases: a failure is required, or the cases alone decide.
      {"mixed/a.c: {secret/b-hard: {permitted: [AC, TLE], required: [TLE]}}", "mixed/a.c",
       "RTE TLE WA"},
      {"mixed/a.c: {sample: {permitted: [AC]}}", "mixed/a.c", "AC RTE TLE WA"},
  };
  for (const auto& [yaml, name, wanted] : table) {
    CAPTURE(yaml);
    CHECK(label(yaml + "\n", name) == wanted);
  }
}

TEST_CASE("submissions: it beats a tag, which beats the folder") {
  const std::string tag = "// @EXPECTED_RESULTS@: TIMELIMIT\n";
  CHECK(label("{}", "accepted/a.c", tag) == "TLE");
  CHECK(label("accepted/a.c: {language: c}\n", "accepted/a.c", tag) == "TLE");
  CHECK(label("accepted/a.c: {permitted: [WA], required: [WA]}\n", "accepted/a.c", tag) == "WA");
}

TEST_CASE("submissions: language, entry and use for the time limit") {
  const auto package =
      package_with("mixed/a: {language: python3, entrypoint: go.py, use_for_time_limit: lower}\n",
                   "mixed/a/go.py");
  CHECK(package.submissions.at(0).hints.language == "python3");
  CHECK(package.submissions.at(0).hints.entry == "go.py");
  CHECK(package.submissions.at(0).is_measured == true);
  CHECK(package_with("mixed: {use_for_time_limit: false}\n", "mixed/a.c")
            .submissions.at(0)
            .is_measured == false);
}

TEST_CASE("submissions: slips are noted or refused, with the file's name") {
  const auto note = [](const std::string& yaml) {
    std::string all;
    for (const auto& one : package_with(yaml, "mixed/a.c").notes) all += one + "\n";
    return doctest::String(all.c_str());
  };
  CHECK(note("mixed/a.c: {permited: [AC]}\n") == Contains("did you mean \"permitted\"?"));
  CHECK(note("mixed/b.c: {permitted: [AC]}\n") == Contains("\"mixed/b.c\" matches no submission"));
  CHECK(note("mixed/a.c: {secret/*-soft: {permitted: [AC]}}\n") ==
        Contains("\"secret/*-soft\" matches no case"));
  CHECK(note("mixed/a.c: {authors: A, model_solution: true}\n") == "");
  PackageFiles files;
  files.with_case("secret/1", "", "").write("submissions/mixed/a.c", "");
  for (const std::string yaml :
       {"mixed/a.c: {permitted: [ACC]}", "mixed/a.c: {required: {a: b}}", "mixed/a.c: [1]", "- a",
        "mixed/a.c: {use_for_time_limit: maybe}", "mixed/a.c: {permitted: []}"}) {
    CAPTURE(yaml);
    files.write("submissions/submissions.yaml", yaml + "\n");
    CHECK(refusal(files) == Contains("submissions.yaml"));
  }
}

TEST_CASE("submissions: what a case may end with is checked case by case") {
  const auto package = package_with(
      "mixed/a.c:\n  '{sample,secret/*-easy}': {permitted: [AC]}\n"
      "  secret/*-hard: {permitted: [AC, TLE], required: [TLE]}\n",
      "mixed/a.c");
  using enum Verdict;
  const auto& submission = package.submissions.at(0);
  const auto against = [&](std::vector<std::pair<std::string, Verdict>> cases) {
    const auto found = judge::contradiction(submission, cases);
    return found ? found->case_name : "";
  };
  CHECK(against({{"sample/1", accepted}, {"secret/b-hard/1", time_limit_exceeded}}) == "");
  CHECK(against({{"sample/1", wrong_answer}}) == "sample/1");
  CHECK(against({{"sample/1", accepted}, {"secret/a-easy/1", time_limit_exceeded}}) ==
        "secret/a-easy/1");
  CHECK(against({{"secret/b-hard/1", wrong_answer}}) == "secret/b-hard/1");
  CHECK(against({{"sample/1", accepted}, {"secret/b-hard/1", accepted}}) == "secret/b-hard/1");
}

TEST_CASE("submissions: DOMjudge's entry points and languages") {
  for (const std::string place : {"submissions.json", "submissions/submissions.json"}) {
    PackageFiles files;
    files.with_case("secret/1", "", "").write("submissions/accepted/two/b.py", "");
    files.write("submissions/accepted/a.txt", "");
    files.write(place,
                R"({"submissions/accepted/two/": {"entry_point": "b.py", "team": "x"},)"
                R"( "submissions/accepted/a.txt": {"langid": "py3"}, "submissions/gone/": {}})");
    const auto package = files.read();
    REQUIRE(package.submissions.size() == 2);
    CHECK(package.submissions[0].hints.language == "python3");
    CHECK(package.submissions[1].hints.entry == "b.py");
    REQUIRE(package.notes.size() == 1);
    CHECK(doctest::String(package.notes[0].c_str()) == Contains("\"submissions/gone/\" is no"));
    files.write(place, "{");
    CHECK(refusal(files) == Contains("submissions.json"));
  }
}

TEST_CASE("glob: stars stay within a name, braces are alternatives, all else is itself") {
  const struct {
    std::string pattern, path;
    bool matches;
  } table[]{
      {"*", "accepted/a.c", true},
      {"accepted", "accepted/a.c", true},
      {"accepted/", "accepted/a.c", true},
      {"acc*", "accepted/a.c", true},
      {"*/*.c", "accepted/a.c", true},
      {"*.c", "accepted/a.c", false},
      {"a*.c", "accepted/a.c", false},
      {"**/a.c", "x/y/a.c", false},
      {"x/*/a.c", "x/y/a.c", true},
      {"[ab].c", "a.c", false},
      {"[ab].c", "[ab].c", true},
      {"?.c", "a.c", false},
      {"{a,b{c,d}}.c", "bd.c", true},
      {"{a,b{c,d}}.c", "b.c", false},
      {"{a", "{a", true},
      {"{a}", "{a}", true},
      {"{,x}a", "a", true},
      {"", "a", false},
      {"secret/*-hard", "secret/1-hard/2", true},
  };
  for (const auto& [pattern, path, matches] : table) {
    CAPTURE(pattern);
    CHECK(judge::matches_glob(pattern, path) == matches);
  }
  std::string stars, text(200, 'a');
  for (int i = 0; i < 100; ++i) stars += "*a";
  CHECK_FALSE(judge::matches_glob(stars + "b", text));
  std::string bomb;
  for (int i = 0; i < 40; ++i) bomb += "{a,b}";
  CHECK_THROWS_AS(static_cast<void>(judge::expand_braces(bomb)), Error);
}

}  // namespace
}  // namespace daemonz
