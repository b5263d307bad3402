#include "job_table/table.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "support/databases.h"
#include "support/manual_clock.h"

using namespace daemonz;
using job_table::make_token;
using job_table::State;

namespace {

template <class Kind>
struct Tables {
  Tables() { job_table::migrate(*connection); }
  Kind database;
  std::unique_ptr<db::Connection> connection = db::connect(database.url());
  tests::ManualClock clock;
  job_table::Table table{*connection, clock};

  State state(const std::string& id) { return table.find(id).value().state; }
};

job_table::Facts facts(const std::string& id, const std::string& queue = "pulls",
                       const std::string& task = "mail") {
  return {.id = id,
          .task = task,
          .queue = queue,
          .max_attempts = 3,
          .handler = R"({"task":")" + task + R"(","args":{"n":1}})"};
}

}  // namespace

TEST_CASE_TEMPLATE("job_table: a job's way from push to result", Kind, DAEMONZ_DATABASES) {
  Tables<Kind> made;
  made.table.record_pushed(facts("a"));
  made.table.record_pushed(facts("a"));
  CHECK(made.state("a") == State::pushed);
  made.clock.advance(Seconds(2));
  const auto token = make_token(0, 7);
  CHECK(made.table.record_started(facts("a"), token, 1, "host:1:now"));
  auto job = made.table.find("a").value();
  CHECK(job.state == State::running);
  CHECK(job.attempts == 1);
  CHECK(job.max_attempts == 3);
  CHECK(job.locked_by == "host:1:now");
  CHECK(job.locked_at == made.clock.wall());
  CHECK(job.created_at == made.clock.wall() - Seconds(2));
  CHECK(json::parse(job.handler).at("task") == "mail");
  CHECK(made.table.record_progress("a", token, R"({"done":1,"total":2})"));
  CHECK(made.table.record_done("a", token, R"({"sent":true})"));
  job = made.table.find("a").value();
  CHECK(job.state == State::done);
  CHECK(job.result == R"({"sent":true})");
  CHECK(job.progress == R"({"done":1,"total":2})");
  CHECK(job.locked_by.empty());
  CHECK_FALSE(job.locked_at);
  CHECK_FALSE(made.table.find("b"));
}

TEST_CASE_TEMPLATE("job_table: a failing job keeps its errors, and dies with its envelope", Kind,
                   DAEMONZ_DATABASES) {
  Tables<Kind> made;
  for (int attempt = 1; attempt <= 2; ++attempt) {
    const auto token = make_token(static_cast<std::uint32_t>(attempt), 1);
    REQUIRE(made.table.record_started(facts("a"), token, attempt, "me"));
    const auto run_at = made.clock.wall() + Seconds(15);
    CHECK(made.table.record_failed(facts("a"), token, attempt, "no receiver", run_at));
    CHECK(made.state("a") == State::retrying);
    CHECK(made.table.find("a")->run_at == run_at);
  }
  CHECK(made.table.record_dead(facts("a"), make_token(3, 1), 3, "still none", "{envelope}"));
  CHECK(made.table.record_dead(facts("a"), make_token(3, 1), 3, "still none", "{envelope}"));
  const auto job = made.table.find("a").value();
  CHECK(job.state == State::dead);
  CHECK(job.attempts == 3);
  CHECK(job.last_error == "still none");
  CHECK(job.envelope == "{envelope}");
  CHECK(job.failed_at == made.clock.wall());
  const auto errors = json::parse(job.errors).as_array();
  REQUIRE(errors.size() == 3);
  CHECK(errors[0].at("attempt") == 1);
  CHECK(errors[2].at("why") == "still none");
  CHECK(made.table.count(State::dead) == 1);
}

TEST_CASE_TEMPLATE("job_table: a failure of a job that nobody tracked makes its row", Kind,
                   DAEMONZ_DATABASES) {
  Tables<Kind> made;
  CHECK(made.table.record_failed(facts("a"), make_token(1, 1), 1, "x", made.clock.wall()));
  CHECK(made.state("a") == State::retrying);
  CHECK(made.table.record_dead(facts("b"), make_token(1, 1), 1, "x", "{}"));
  CHECK(made.state("b") == State::dead);
}

TEST_CASE_TEMPLATE("job_table: who lost the lease reports nothing", Kind, DAEMONZ_DATABASES) {
  Tables<Kind> made;
  const auto old_token = make_token(0, 5), new_token = make_token(0, 6);
  REQUIRE(made.table.record_started(facts("a"), old_token, 1, "stopped one"));
  REQUIRE(made.table.record_started(facts("a"), new_token, 1, "second"));
  CHECK_FALSE(made.table.record_progress("a", old_token, "{}"));
  CHECK_FALSE(made.table.record_done("a", old_token, "1"));
  CHECK_FALSE(made.table.record_failed(facts("a"), old_token, 1, "late", made.clock.wall()));
  CHECK_FALSE(made.table.record_dead(facts("a"), old_token, 1, "late", "{}"));
  CHECK_FALSE(made.table.record_started(facts("a"), old_token, 1, "stopped one"));
  CHECK(made.table.find("a")->locked_by == "second");
  CHECK(made.table.record_done("a", new_token, "2"));
  CHECK(made.table.find("a")->result == "2");
}

TEST_CASE_TEMPLATE("job_table: a job that has ended stays ended", Kind, DAEMONZ_DATABASES) {
  Tables<Kind> made;
  REQUIRE(made.table.record_started(facts("a"), make_token(0, 1), 1, "me"));
  REQUIRE(made.table.record_done("a", make_token(0, 1), ""));
  CHECK_FALSE(made.table.record_started(facts("a"), make_token(0, 2), 1, "me"));
  CHECK_FALSE(made.table.record_cancelled("a"));
  CHECK(made.state("a") == State::done);
  made.table.record_pushed(facts("b"));
  CHECK(made.table.record_cancelled("b"));
  CHECK_FALSE(made.table.record_started(facts("b"), make_token(0, 1), 1, "me"));
  CHECK(made.table.remove("b"));
  CHECK_FALSE(made.table.find("b"));
}

TEST_CASE_TEMPLATE("job_table: a dead job that is retried may start again, others are not retried",
                   Kind, DAEMONZ_DATABASES) {
  Tables<Kind> made;
  REQUIRE(made.table.record_dead(facts("a"), make_token(3, 1), 3, "x", "{}"));
  const auto dead = made.table.find("a").value();
  CHECK(made.table.record_retried(dead, 6));
  CHECK(made.state("a") == State::pushed);
  CHECK_FALSE(made.table.find("a")->failed_at);
  CHECK(made.table.find("a")->max_attempts == 6);
  CHECK(made.table.record_started(facts("a"), make_token(3, 2), 4, "me"));
  CHECK_FALSE(made.table.record_retried(dead, 6));
  CHECK_FALSE(made.table.record_retried({.id = "nobody"}, 6));
  // The retry was faster than the mark of it: this death is another one.
  REQUIRE(made.table.record_dead(facts("a"), make_token(3, 2), 4, "y", "{}"));
  CHECK_FALSE(made.table.record_retried(dead, 6));
  CHECK(made.state("a") == State::dead);
}

TEST_CASE_TEMPLATE(
    "job_table: a dead job that is delivered again lives, the delivery that died does not", Kind,
    DAEMONZ_DATABASES) {
  Tables<Kind> made;
  REQUIRE(made.table.record_dead(facts("a"), make_token(0, 5), 1, "killed its processor", "{}"));
  CHECK_FALSE(made.table.record_started(facts("a"), make_token(0, 5), 1, "late"));
  CHECK(made.table.record_started(facts("a"), make_token(0, 6), 1, "me"));
  CHECK(made.state("a") == State::running);
  CHECK(made.table.find("a")->envelope.empty());
}

TEST_CASE_TEMPLATE("job_table: a refused push leaves no row, a running job keeps its own", Kind,
                   DAEMONZ_DATABASES) {
  Tables<Kind> made;
  made.table.record_pushed(facts("a"));
  made.table.forget_pushed("a");
  CHECK_FALSE(made.table.find("a"));
  REQUIRE(made.table.record_started(facts("b"), make_token(0, 1), 1, "me"));
  made.table.forget_pushed("b");
  CHECK(made.table.find("b"));
}

TEST_CASE_TEMPLATE("job_table: the list is newest first, filtered, in pages that never overlap",
                   Kind, DAEMONZ_DATABASES) {
  Tables<Kind> made;
  for (int i = 0; i < 25; ++i)
    made.table.record_pushed(
        facts("job" + std::to_string(i), i % 2 ? "pulls" : "pushes", i % 5 ? "mail" : "grade"));
  REQUIRE(made.table.record_dead(facts("job3"), make_token(1, 1), 1, "x", "{}"));
  std::vector<std::string> seen;
  job_table::Filter filter{.limit = 10};
  for (;;) {
    const auto page = made.table.list(filter);
    if (page.empty()) break;
    for (const auto& job : page) seen.push_back(job.id);
    filter.before = page.back().place;
    made.table.record_pushed(facts("later" + std::to_string(seen.size())));
  }
  REQUIRE(seen.size() == 25);
  for (int i = 0; i < 25; ++i)
    CHECK(seen[static_cast<std::size_t>(i)] == "job" + std::to_string(24 - i));
  CHECK(made.table.list({.states = {State::dead}}).at(0).id == "job3");
  CHECK(made.table.list({.states = {State::dead, State::done}}).size() == 1);
  CHECK(made.table.list({.states = {State::pushed}, .queue = "pulls", .task = "grade"}).size() ==
        2);
  const job_table::Filter two{.states = {State::dead, State::pushed, State::dead}, .limit = 30};
  const auto both = made.table.list(two);
  REQUIRE(both.size() == 28);
  for (std::size_t i = 1; i < both.size(); ++i) CHECK(both[i - 1].place > both[i].place);
  CHECK(made.table.count(two) == 28);
  CHECK(made.table.count({.queue = "pulls", .task = "grade"}) == 2);
  CHECK(made.table.count(job_table::Filter{}) == 28);
}

TEST_CASE_TEMPLATE("job_table: a batch is counted by state and listed", Kind, DAEMONZ_DATABASES) {
  Tables<Kind> made;
  for (int i = 0; i < 20; ++i) {
    auto job = facts("job" + std::to_string(i));
    job.batch = "album";
    made.table.record_pushed(job);
    REQUIRE(made.table.record_started(job, make_token(0, 1), 1, "me"));
    if (i == 7)
      REQUIRE(made.table.record_dead(job, make_token(0, 1), 1, "too large", "{}"));
    else
      REQUIRE(made.table.record_done(job.id, make_token(0, 1), ""));
  }
  made.table.record_pushed(facts("another"));
  const auto counts = made.table.count_batch("album");
  CHECK(counts.size() == 2);
  CHECK(counts.at(State::done) == 19);
  CHECK(counts.at(State::dead) == 1);
  CHECK(made.table.count_batch("").empty());
  CHECK(made.table.list({.batch = "album"}).size() == 20);
  const auto dead = made.table.list({.states = {State::dead}, .batch = "album"});
  REQUIRE(dead.size() == 1);
  CHECK(dead[0].id == "job7");
  CHECK(dead[0].batch == "album");
}

TEST_CASE_TEMPLATE("job_table: texts of strangers are kept as far as they are text", Kind,
                   DAEMONZ_DATABASES) {
  Tables<Kind> made;
  auto job = facts("a");
  job.batch = std::string(500, 'b');
  CHECK(
      made.table.record_failed(job, make_token(1, 1), 1, "caf\xe9 \U0001f600", made.clock.wall()));
  CHECK(made.table.find("a")->last_error == "caf? \U0001f600");
  CHECK(made.table.find("a")->batch.size() == job_table::batch_size_max);
  CHECK_THROWS_AS(static_cast<void>(made.table.record_progress(
                      "a", make_token(1, 1), std::string(job_table::progress_size_max + 1, ' '))),
                  Error);
}

TEST_CASE_TEMPLATE(
    "job_table: what is too long is cut at a character, too large results are refused", Kind,
    DAEMONZ_DATABASES) {
  Tables<Kind> made;
  std::string error(job_table::error_size_max - 1, 'x');
  error += "\u00e4\u00e4";
  REQUIRE(made.table.record_failed(facts("a"), make_token(1, 1), 1, error, made.clock.wall()));
  CHECK(made.table.find("a")->last_error == std::string(job_table::error_size_max - 1, 'x'));
  for (int i = 2; i < 40; ++i)
    REQUIRE(made.table.record_failed(facts("a"), make_token(static_cast<unsigned>(i), 1), i, "e",
                                     made.clock.wall()));
  CHECK(json::parse(made.table.find("a")->errors).as_array().size() == job_table::errors_max);
  CHECK_THROWS_AS(made.table.record_done("a", make_token(50, 1),
                                         std::string(job_table::result_size_max + 1, '1')),
                  Error);
}

TEST_CASE_TEMPLATE("job_table: tables of a newer program are refused", Kind, DAEMONZ_DATABASES) {
  Tables<Kind> made;
  made.connection->execute("UPDATE daemonz_schema SET version = 99 WHERE component = 'jobs'");
  CHECK_THROWS_WITH_AS(job_table::migrate(*made.connection),
                       doctest::Contains("the tables of jobs are of version 99"), Error);
}

TEST_CASE("job_table: states have names that read back") {
  for (const auto state :
       {State::pushed, State::running, State::retrying, State::done, State::dead, State::cancelled})
    CHECK(job_table::parse_state(job_table::to_string(state)) == state);
  CHECK_FALSE(job_table::parse_state("lost"));
}
