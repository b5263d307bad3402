// Judging stored submissions again after their package was changed.
#include <doctest/doctest.h>

#include <filesystem>
#include <sstream>
#include <string>

#include "base/error.h"
#include "course/report.h"
#include "course/submit.h"
#include "site.h"
#include "support/databases.h"

namespace daemonz {
namespace {

namespace fs = std::filesystem;
using doctest::Contains;
using judge::Verdict;
using tests::Site;

std::vector<course::ResultRow> rejudge(Site& site, const std::string& only = "") {
  course::FrontEnd front_end(site.connection());
  return front_end.wait(front_end.rejudge("sum", only, {}).submissions, {});
}

std::int64_t count(Site& site, const std::string& table) {
  return *db::integer(site.connection().query("SELECT COUNT(*) FROM " + table, {}).rows[0][0]);
}

TEST_CASE(
    "rejudge: after a change of the package the new results replace the old, which are kept") {
  Site site;
  const auto first = site.judge_all();
  site.write("data/secret/1.ans", "-1\n");  // now the other one is right
  site.write(".timelimit", "2");
  const auto rows = rejudge(site);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].submission.id == first[0].submission.id);
  CHECK(rows[0].before == Verdict::accepted);
  CHECK(rows[0].judgement->verdict == Verdict::wrong_answer);
  CHECK(rows[1].before == Verdict::wrong_answer);
  CHECK(rows[1].judgement->verdict == Verdict::accepted);
  CHECK(course::find_problem(site.connection(), std::string("sum"))->time_limit == Seconds(2));
  CHECK(count(site, "results") == 2);
  CHECK(count(site, "old_results") == 2);

  std::ostringstream table;
  course::print_rejudge(table, rows);
  CHECK(doctest::String(table.str().c_str()) ==
        Contains("1   accepted/sum.sh       accepted      wrong_answer  CHANGED"));
  CHECK(course::rejudge_summary(rows) == "2 judged again: 2 changed");
  const auto object = course::to_full_json(rows[0]);
  CHECK(object.at("before") == "accepted");
  CHECK(object.at("round") == 1);
}

TEST_CASE("rejudge: twice is two rounds, each with one result, and nothing has changed then") {
  Site site;
  site.judge_all();
  rejudge(site);
  const auto rows = rejudge(site);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].round == 2);
  CHECK(course::rejudge_summary(rows) == "2 judged again: 0 changed");
  CHECK(count(site, "results") == 2);
  CHECK(count(site, "old_results") == 4);
}

TEST_CASE("rejudge: a round that was interrupted goes on where it was, whatever is asked for") {
  Site site;
  const auto first = site.judge_all();
  // As it is when the command was killed behind the beginning, and one job was done.
  const auto problem = *course::find_problem(site.connection(), std::string("sum"));
  course::begin_round(site.connection(), problem.id,
                      {first[0].submission.id, first[1].submission.id});
  offline_tasks::push_pull(course::GradeSubmission{.submission_id = first[0].submission.id});
  CHECK(count(site, "old_results") == 1);

  course::FrontEnd front_end(site.connection());
  const auto rejudge = front_end.rejudge("sum", "wrong_answer/*", {});
  CHECK(rejudge.done == 1);
  CHECK(rejudge.submissions.size() == 2);
  for (const auto& row : front_end.wait(rejudge.submissions, {})) CHECK(row.round == 1);
  CHECK(count(site, "old_results") == 2);
  // A second delivery of a job that is done changes nothing.
  offline_tasks::push_pull(course::GradeSubmission{.submission_id = first[0].submission.id});
  CHECK(count(site, "old_results") == 2);
}

TEST_CASE("rejudge: --only chooses stored submissions, and the others stay as they are") {
  Site site;
  site.judge_all();
  const auto rows = rejudge(site, "accepted/*");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].submission.name == "accepted/sum.sh");
  CHECK(count(site, "old_results") == 1);
  const auto all = course::results(site.connection(), {.problem = "sum"});
  REQUIRE(all.size() == 2);
  CHECK(all[1].round == 0);
  CHECK(all[1].before == std::nullopt);
}

TEST_CASE("rejudge: what cannot begin leaves every result as it is, and says why") {
  Site site;
  site.judge_all();
  course::FrontEnd front_end(site.connection());
  CHECK_THROWS_WITH(front_end.rejudge("other", "", {}), Contains("there is no problem other"));
  CHECK_THROWS_WITH(front_end.rejudge("sum", "*.java", {}),
                    Contains("no submission to sum matches *.java"));
  site.write("problem.yaml", "limits: [\n");
  CHECK_THROWS_AS(front_end.rejudge("sum", "", {}), Error);
  CHECK(count(site, "old_results") == 0);
  for (const auto& row : course::results(site.connection(), {.problem = "sum"}))
    CHECK(course::is_judged(row));
  site.write("problem.yaml", "name: Sum\n");
  CHECK(rejudge(site).size() == 2);
}

TEST_CASE_TEMPLATE("rejudge: rounds of results, in both kinds of database", Kind,
                   DAEMONZ_DATABASES) {
  const Kind made;
  const auto connection = db::connect(made.url());
  course::migrate(*connection);
  course::migrate(*connection);
  const auto problem = course::add_problem(*connection, "sum", "/nowhere");
  course::SubmissionRow row;
  row.problem_id = problem;
  row.name = row.path = row.root = "x";
  const auto id = course::add_submission(*connection, row);
  judge::Judgement judgement{.verdict = Verdict::accepted, .compiler = "a\nwarning"};
  CHECK(course::add_result(*connection, id, judgement));
  CHECK_FALSE(course::add_result(*connection, id, judgement));
  CHECK(course::begin_round(*connection, problem, {id}) == 1);
  const auto stored = [&] { return course::results(*connection, {.problem = "sum"}).at(0); };
  CHECK_FALSE(course::is_judged(stored()));
  CHECK(stored().judgement->compiler == "a\nwarning");
  CHECK(course::has_result(*connection, id));
  CHECK_FALSE(course::has_result(*connection, id, 1));
  judgement.verdict = Verdict::wrong_answer;
  CHECK(course::add_result(*connection, id, judgement, 1));
  CHECK_FALSE(course::add_result(*connection, id, judgement, 1));
  CHECK_FALSE(course::add_result(*connection, id, judgement, 0));  // late, of the first round
  CHECK(course::is_judged(stored()));
  CHECK(stored().judgement->verdict == Verdict::wrong_answer);
  CHECK(stored().before == Verdict::accepted);
}

TEST_CASE("course: a job that comes before any front end finds its tables up to date") {
  Site site;
  CHECK_THROWS_WITH(offline_tasks::push_pull(course::GradeSubmission{.submission_id = 7}),
                    Contains("there is no submission 7"));
  CHECK(count(site, "old_results") == 0);
}

TEST_CASE("rejudge: a student is told again only of another verdict") {
  Site site;
  site.judge_all();
  tests::write_file(site.folder() / "home/sum.sh", "read a b; echo $((a + b))\n");
  auto row = course::take_in(site.connection(), {.problem = "sum",
                                                 .files = {site.folder() / "home/sum.sh"},
                                                 .folder = site.folder() / "course"});
  row.mail_to = "student@example.org";
  course::FrontEnd front_end(site.connection());
  front_end.push({row});
  const auto mails = [&] {
    const auto found = fs::directory_iterator(site.mail() / "new");
    return std::distance(begin(found), end(found));
  };
  CHECK(mails() == 1);
  rejudge(site);
  CHECK(mails() == 1);
  site.write("data/secret/1.ans", "4\n");
  rejudge(site);
  CHECK(mails() == 2);
}

TEST_CASE("course: what the compiler said is kept and shown, of accepted submissions too") {
  Site site;
  site.write("submissions/accepted/sum.c",
             "#include <stdio.h>\n#warning all is well\nint main(void) { int a, b;"
             " scanf(\"%d %d\", &a, &b); printf(\"%d\", a + b); }\n");
  const auto row = site.judge_all()[0];
  REQUIRE(row.submission.name == "accepted/sum.c");
  CHECK(row.judgement->verdict == Verdict::accepted);
  CHECK(row.judgement->note == "");
  std::ostringstream text;
  course::print_whole(text, row);
  for (const auto* part : {"verdict     accepted", "The compiler said:", "all is well",
                           "case      verdict   cpu", "secret/1  accepted"})
    CHECK(doctest::String(text.str().c_str()) == Contains(part));
  const auto full = json::serialize(course::to_full_json(row));
  CHECK(doctest::String(full.c_str()) == Contains("all is well"));
}

}  // namespace
}  // namespace daemonz
