// The course end to end in one process: rows, jobs performed inside the push, the real sandbox.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "base/error.h"
#include "course/report.h"
#include "course/submit.h"
#include "course/tasks.h"
#include "offline_tasks/push.h"
#include "site.h"

namespace daemonz {
namespace {

namespace fs = std::filesystem;
using doctest::Contains;
using judge::Verdict;

using tests::Site;
using tests::write_file;

TEST_CASE("course: every submission of a package gets one result, as labelled") {
  Site site;
  const auto rows = site.judge_all();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].submission.name == "accepted/sum.sh");
  CHECK(rows[0].judgement->verdict == Verdict::accepted);
  CHECK(rows[0].attempts == 1);
  CHECK(course::is_as_labelled(rows[0]) == true);
  CHECK(rows[1].judgement->verdict == Verdict::wrong_answer);
  CHECK(course::is_as_labelled(rows[1]) == true);
  CHECK(course::results(site.connection(), {.problem = "sum"}).size() == 2);
  CHECK(course::results(site.connection(), {.problem = "other"}).empty());
}

TEST_CASE("course: a submission in the wrong folder is reported as a mismatch") {
  Site site;
  fs::rename(site.package_path() / "submissions/accepted/sum.sh",
             site.package_path() / "submissions/wrong_answer/sum.sh");
  fs::create_directories(site.package_path() / "submissions/accepted");
  fs::rename(site.package_path() / "submissions/wrong_answer/less.sh",
             site.package_path() / "submissions/accepted/less.sh");
  for (const auto& row : site.judge_all()) CHECK(course::is_as_labelled(row) == false);
}

TEST_CASE("course: a failure that submissions.yaml wants in another case is a mismatch") {
  Site site;
  site.write("submissions/submissions.yaml",
             "wrong_answer/less.sh: {secret/1: {permitted: [AC]}}\n");
  const auto rows = site.judge_all();
  CHECK(course::is_as_labelled(rows[0]) == true);
  CHECK(rows[1].judgement->verdict == Verdict::wrong_answer);
  CHECK(rows[1].judgement->note.find("submissions.yaml does not permit") != std::string::npos);
  CHECK(course::is_as_labelled(rows[1]) == false);
  site.write("submissions/submissions.yaml",
             "wrong_answer/less.sh: {secret/1: {permitted: [WA]}}\n");
  CHECK(course::is_as_labelled(site.judge_all()[1]) == true);
}

TEST_CASE("course: a submission graded twice has one result, the first") {
  Site site;
  const auto rows = site.judge_all();
  const auto id = rows[0].submission.id;
  site.write("submissions/accepted/sum.sh", "exit 1\n");
  offline_tasks::push_pull(course::GradeSubmission{.submission_id = id});
  const auto again = course::results(site.connection(), {.problem = {}, .submissions = {id}});
  REQUIRE(again.size() == 1);
  CHECK(again[0].judgement->verdict == Verdict::accepted);
  CHECK_FALSE(course::add_result(site.connection(), id, judge::Judgement{}));
}

TEST_CASE("course: what is stored of a judgement is what comes back") {
  Site site;
  auto row = site.judge_all()[0];
  judge::Judgement judgement{.verdict = Verdict::run_time_error,
                             .cases = {{.name = "secret/a \"b\"",
                                        .verdict = Verdict::run_time_error,
                                        .cpu = Milliseconds(12),
                                        .wall = Milliseconds(34),
                                        .peak_kib = 56}},
                             .note = "two\nlines",
                             .slot = 7,
                             .started = from_unix_milliseconds(1'000),
                             .ended = from_unix_milliseconds(2'345)};
  const auto id = course::add_submission(site.connection(), row.submission);
  CHECK(course::add_result(site.connection(), id, judgement));
  const auto found = course::results(site.connection(), {.problem = {}, .submissions = {id}});
  REQUIRE(found.size() == 1);
  CHECK(json::serialize(course::to_json(found[0])) ==
        R"({"submission":"accepted/sum.sh","expected":["accepted"],"verdict":"run_time_error",)"
        R"("ok":false,"cases":[{"name":"secret/a \"b\"","verdict":"run_time_error","cpu_ms":12,)"
        R"("wall_ms":34,"peak_kib":56}],"slot":7,"started":"1970-01-01T00:00:01.000Z",)"
        R"("ended":"1970-01-01T00:00:02.345Z","note":"two\nlines"})");
}

TEST_CASE("course: unlabelled and skipped submissions are neither right nor wrong") {
  Site site;
  site.write("submissions/ideas/sum.sh", "read a b; echo $((a + b))\n");
  site.write("submissions/accepted/sum.pas", "begin end.\n");
  std::ostringstream table;
  const auto rows = site.judge_all();
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].judgement->verdict == Verdict::skipped);
  CHECK(course::is_as_labelled(rows[0]) == std::nullopt);
  CHECK(rows[2].submission.expected == std::nullopt);
  CHECK(course::is_as_labelled(rows[2]) == std::nullopt);
  CHECK(course::summary(rows) == "4 submissions: 2 as labelled, 0 not, 2 unlabelled or skipped");
  course::print_table(table, rows);
  CHECK(doctest::String(table.str().c_str()) ==
        Contains("ideas/sum.sh          -             accepted      -"));
}

TEST_CASE("course: a broken package is told with its reason, and graded never") {
  Site site;
  site.judge_all();
  const auto package = site.package();
  fs::remove(site.package_path() / "problem.yaml");
  course::FrontEnd front_end(site.connection());
  CHECK_THROWS_WITH(front_end.import({package}, {}), Contains("has no problem.yaml"));
  const auto problem = course::find_problem(site.connection(), std::string("sum"));
  REQUIRE(problem);
  CHECK(problem->state == course::ProblemState::broken);
}

TEST_CASE("course: --only chooses submissions by a glob") {
  Site site;
  const auto rows = course::rows_of(site.package(), "accepted/*");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].name == "accepted/sum.sh");
  CHECK(course::rows_of(site.package(), "*.sh").size() == 2);
  CHECK(course::rows_of(site.package(), "nothing*").empty());
}

TEST_CASE("course: a handed in solution is copied, judged, and its student gets one mail") {
  Site site;
  site.judge_all();
  const auto source = site.folder() / "home/my sum.py";
  write_file(source, "print(sum(map(int, input().split())))\n");
  auto row = course::take_in(
      site.connection(), {.problem = "sum", .files = {source}, .folder = site.folder() / "course"});
  fs::remove(source);  // what was handed in stays as it was
  row.mail_to = "student@example.org";
  course::FrontEnd front_end(site.connection());
  const auto ids = front_end.push({row});
  const auto rows = front_end.wait(ids, {});
  CHECK(rows[0].submission.name == "my sum.py");
  CHECK(rows[0].judgement->verdict == Verdict::accepted);
  CHECK(course::is_as_labelled(rows[0]) == std::nullopt);

  offline_tasks::push_push(course::MailResult{ids[0], row.mail_to});  // told twice: one mail
  std::vector<fs::path> mails;
  for (const auto& entry : fs::directory_iterator(site.mail() / "new")) mails.push_back(entry);
  REQUIRE(mails.size() == 1);
  std::stringstream text;
  text << std::ifstream(mails[0]).rdbuf();
  CHECK(doctest::String(text.str().c_str()) == Contains("To: student@example.org\r\n"));
  CHECK(doctest::String(text.str().c_str()) == Contains("Subject: sum: accepted\r\n"));
}

TEST_CASE("course: a handed in folder or link keeps the name that it was handed in by") {
  Site site;
  site.judge_all();
  write_file(site.folder() / "home/work/main.sh", "read a b; echo $((a + b))\n");
  fs::create_symlink("work/main.sh", site.folder() / "home/sum.sh");
  const auto take_in = [&](const fs::path& file) {
    return course::take_in(site.connection(),
                           {.problem = "sum", .files = {file}, .folder = site.folder() / "course"});
  };
  CHECK(take_in(site.folder() / "home/work/").name == "work");
  const auto linked = take_in(site.folder() / "home/sum.sh");
  CHECK(linked.name == "sum.sh");
  CHECK(fs::exists(fs::path(linked.path) / "sum.sh"));
}

TEST_CASE("course: two packages of one name are refused: each would be graded by the other") {
  Site site;
  course::FrontEnd front_end(site.connection());
  CHECK_THROWS_WITH(front_end.import({site.package(), site.package()}, {}),
                    Contains("two packages are called sum"));
}

TEST_CASE("course: an unknown problem, language or file is refused, and nothing stays behind") {
  Site site;
  site.judge_all();
  const auto refusal = [&](const std::string& problem, const fs::path& file) {
    try {
      static_cast<void>(course::take_in(
          site.connection(),
          {.problem = problem, .files = {file}, .folder = site.folder() / "course"}));
    } catch (const Error& fault) {
      return doctest::String(fault.what());
    }
    return doctest::String();
  };
  write_file(site.folder() / "a.pas", "begin end.\n");
  CHECK(refusal("other", site.folder() / "a.pas") == Contains("course judge PACKAGE"));
  CHECK(refusal("sum", site.folder() / "a.pas") == Contains("unknown language: .pas"));
  CHECK(refusal("sum", site.folder() / "missing.c") == Contains("missing.c: cannot be read"));
  CHECK(fs::is_empty(site.folder() / "course/submissions"));
}

TEST_CASE(
    "course: a line break in a mail's header is refused, lines of its body end as they must") {
  course::Mail mail{.to = "a@example.org", .subject = "s", .body = "1\n2\r\n", .message_id = "x@y"};
  CHECK(course::to_message(mail, "c@example.org").ends_with("\r\n\r\n1\r\n2\r\n"));
  mail.to = "a@example.org\r\nBcc: everybody@example.org";
  CHECK_THROWS_AS(static_cast<void>(course::to_message(mail, "c@example.org")), Error);
}

TEST_CASE("course: a grade for a submission that is not there is dead at once") {
  Site site;
  site.judge_all();
  CHECK_THROWS_WITH(offline_tasks::push_pull(course::GradeSubmission{.submission_id = 4711}),
                    Contains("there is no submission 4711"));
}

}  // namespace
}  // namespace daemonz
