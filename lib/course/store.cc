#include "course/store.h"

#include <array>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "db/migrations.h"

namespace daemonz::course {
namespace {

using Verdicts = std::optional<std::vector<judge::Verdict>>;

constexpr std::array<std::pair<ProblemState, std::string_view>, 3> state_names{
    {{ProblemState::importing, "importing"},
     {ProblemState::ready, "ready"},
     {ProblemState::broken, "broken"}}};

std::string name_of(ProblemState state) {
  for (const auto& [value, name] : state_names)
    if (value == state) return std::string(name);
  return {};
}

ProblemState parse_state(const std::string& text) {
  for (const auto& [value, name] : state_names)
    if (name == text) return value;
  throw Error("problems holds an unknown state: " + text);
}

/// NULL: unlabelled.
db::Value to_value(const Verdicts& verdicts) {
  if (!verdicts) return {};
  std::string text;
  for (const auto verdict : *verdicts)
    text += (text.empty() ? "" : ",") + std::string(judge::to_string(verdict));
  return text;
}

judge::Verdict parse_verdict(std::string_view text) {
  if (const auto verdict = judge::parse_verdict(text)) return *verdict;
  throw Error("the course's tables hold an unknown verdict: " + std::string(text));
}

Verdicts parse_verdicts(const db::Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
  std::vector<judge::Verdict> verdicts;
  const auto text = db::text(value);
  for (std::string_view rest = text; !rest.empty();) {
    const auto length = std::min(rest.find(','), rest.size());
    verdicts.push_back(parse_verdict(rest.substr(0, length)));
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
  return verdicts;
}

std::string cases_to_text(const std::vector<judge::CaseResult>& cases) {
  json::array list;
  for (const auto& result : cases) {
    list.push_back(json::object{{"name", result.name},
                                {"verdict", judge::to_string(result.verdict)},
                                {"cpu_ms", result.cpu.count()},
                                {"wall_ms", result.wall.count()},
                                {"peak_kib", result.peak_kib}});
    if (!result.is_as_labelled) list.back().as_object()["is_as_labelled"] = false;
  }
  return json::serialize(list);
}

std::vector<judge::CaseResult> cases_from_text(const std::string& text) {
  std::vector<judge::CaseResult> cases;
  const auto value = json::parse(text, "results.cases");
  for (const auto& item : value.as_array()) {
    const auto& object = item.as_object();
    const auto number = [&](const char* field) {
      return json::integer_of(object, field).value_or(0);
    };
    cases.push_back({.name = json::string_of(object, "name").value_or(""),
                     .verdict = parse_verdict(json::string_of(object, "verdict").value_or("")),
                     .cpu = Milliseconds(number("cpu_ms")),
                     .wall = Milliseconds(number("wall_ms")),
                     .peak_kib = static_cast<std::uint64_t>(number("peak_kib")),
                     .is_as_labelled = json::boolean_of(object, "is_as_labelled").value_or(true)});
  }
  return cases;
}

std::int64_t integer(const db::Value& value) { return db::integer(value).value_or(0); }

Problem to_problem(const db::Row& row) {
  return {.id = integer(row[0]),
          .name = db::text(row[1]),
          .package = db::text(row[2]),
          .state = parse_state(db::text(row[3])),
          .note = db::text(row[4]),
          .time_limit = Milliseconds(integer(row[5])),
          .round = integer(row[6])};
}

constexpr std::string_view problem_columns = "id, name, package, state, note, time_limit_ms, round";
constexpr std::string_view submission_columns =
    "s.id, s.problem_id, s.name, s.path, s.root, s.expected, s.mail_to, s.job_id, s.round";
constexpr std::string_view result_columns =
    "verdict, cases, note, compiler, slot, started_ms, ended_ms, round";
constexpr std::size_t submission_column_count = 9;

SubmissionRow to_submission(const db::Row& row) {
  return {.id = integer(row[0]),
          .problem_id = integer(row[1]),
          .name = db::text(row[2]),
          .path = db::text(row[3]),
          .root = db::text(row[4]),
          .expected = parse_verdicts(row[5]),
          .mail_to = db::text(row[6]),
          .job_id = db::text(row[7]),
          .round = integer(row[8])};
}

/// Columns of results from `at` on; a NULL verdict: not judged yet.
std::optional<judge::Judgement> to_judgement(const db::Row& row, std::size_t at) {
  if (std::holds_alternative<std::monostate>(row[at])) return std::nullopt;
  return judge::Judgement{.verdict = parse_verdict(db::text(row[at])),
                          .cases = cases_from_text(db::text(row[at + 1])),
                          .note = db::text(row[at + 2]),
                          .compiler = db::text(row[at + 3]),
                          .slot = static_cast<int>(integer(row[at + 4])),
                          .started = from_unix_milliseconds(integer(row[at + 5])),
                          .ended = from_unix_milliseconds(integer(row[at + 6]))};
}

/// A row of results()'s statement.
ResultRow to_result(const db::Row& row) {
  ResultRow result{.submission = to_submission(row),
                   .problem = db::text(row[submission_column_count + 7]),
                   .judgement = to_judgement(row, submission_column_count),
                   .attempts = integer(row[submission_column_count + 8]),
                   .round = integer(row[submission_column_count + 9]),
                   .before = std::nullopt};
  const auto& before = row[submission_column_count + 10];
  if (!std::holds_alternative<std::monostate>(before))
    result.before = parse_verdict(db::text(before));
  return result;
}

std::string list_of(const std::vector<std::int64_t>& ids) {
  std::string text;
  for (const auto id : ids) text += (text.empty() ? "" : ",") + std::to_string(id);
  return text;
}

db::Migration first_tables() {
  return {
      .sqlite = {"CREATE TABLE problems (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
                 "package TEXT NOT NULL, state TEXT NOT NULL, note TEXT NOT NULL DEFAULT '', "
                 "time_limit_ms INTEGER NOT NULL DEFAULT 0)",
                 "CREATE TABLE submissions (id INTEGER PRIMARY KEY, problem_id INTEGER NOT NULL, "
                 "name TEXT NOT NULL, path TEXT NOT NULL, root TEXT NOT NULL, expected TEXT, "
                 "mail_to TEXT NOT NULL, job_id TEXT NOT NULL DEFAULT '', "
                 "attempts INTEGER NOT NULL DEFAULT 0)",
                 "CREATE INDEX submissions_problem ON submissions (problem_id)",
                 "CREATE TABLE results (submission_id INTEGER PRIMARY KEY, verdict TEXT NOT NULL, "
                 "cases TEXT NOT NULL, note TEXT NOT NULL, slot INTEGER NOT NULL, "
                 "started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL)"},
      .mysql = {
          "CREATE TABLE problems (id BIGINT PRIMARY KEY AUTO_INCREMENT, "
          "name VARCHAR(190) NOT NULL UNIQUE, package VARCHAR(1000) NOT NULL, "
          "state VARCHAR(20) NOT NULL, note TEXT NOT NULL DEFAULT '', "
          "time_limit_ms BIGINT NOT NULL DEFAULT 0)",
          "CREATE TABLE submissions (id BIGINT PRIMARY KEY AUTO_INCREMENT, "
          "problem_id BIGINT NOT NULL, name VARCHAR(1000) NOT NULL, path VARCHAR(1000) NOT NULL, "
          "root VARCHAR(1000) NOT NULL, expected VARCHAR(300), mail_to VARCHAR(300) NOT NULL, "
          "job_id VARCHAR(64) NOT NULL DEFAULT '', attempts BIGINT NOT NULL DEFAULT 0, "
          "KEY submissions_problem (problem_id))",
          "CREATE TABLE results (submission_id BIGINT PRIMARY KEY, "
          "verdict VARCHAR(30) NOT NULL, cases MEDIUMTEXT NOT NULL, note TEXT NOT NULL, "
          "slot BIGINT NOT NULL, started_ms BIGINT NOT NULL, ended_ms BIGINT NOT NULL)"}};
}

/// What the compiler said is kept; rejudging.
db::Migration rounds() {
  const std::string round = "ADD COLUMN round BIGINT NOT NULL DEFAULT 0";
  const std::string columns =
      "CREATE TABLE old_results (submission_id BIGINT NOT NULL, verdict VARCHAR(30) NOT NULL, "
      "cases MEDIUMTEXT NOT NULL, note TEXT NOT NULL, compiler MEDIUMTEXT NOT NULL, "
      "slot BIGINT NOT NULL, started_ms BIGINT NOT NULL, ended_ms BIGINT NOT NULL, "
      "round BIGINT NOT NULL, PRIMARY KEY (submission_id, round))";
  const std::string problems = "ALTER TABLE problems " + round,
                    submissions = "ALTER TABLE submissions " + round,
                    results = "ALTER TABLE results " + round,
                    compiler = "ADD COLUMN compiler MEDIUMTEXT NOT NULL DEFAULT ''";
  return {.sqlite = {problems, submissions, results, "ALTER TABLE results " + compiler, columns},
          .mysql = {problems, submissions, results + ", " + compiler, columns}};
}

std::string insert_or_ignore(const db::Connection& connection) {
  return connection.dialect() == db::Dialect::sqlite ? "INSERT OR IGNORE" : "INSERT IGNORE";
}

db::Row values_of(const judge::Judgement& judgement, std::int64_t round) {
  return {std::string(judge::to_string(judgement.verdict)),
          cases_to_text(judgement.cases),
          judgement.note,
          judgement.compiler,
          std::int64_t{judgement.slot},
          unix_milliseconds(judgement.started),
          unix_milliseconds(judgement.ended),
          round};
}

/// False: the result is of this round or a later one.
bool replace_result(db::Connection& connection, std::int64_t submission_id,
                    const judge::Judgement& judgement, std::int64_t round) {
  const std::string columns(result_columns);
  connection.execute(insert_or_ignore(connection) + " INTO old_results (submission_id, " + columns +
                         ") SELECT submission_id, " + columns +
                         " FROM results WHERE submission_id = ? AND round < ?",
                     {submission_id, round});
  auto values = values_of(judgement, round);
  values.emplace_back(submission_id);
  values.emplace_back(round);
  return connection.execute(
             "UPDATE results SET verdict = ?, cases = ?, note = ?, compiler = ?, slot = ?, "
             "started_ms = ?, ended_ms = ?, round = ? WHERE submission_id = ? AND round < ?",
             values) > 0;
}

}  // namespace

void migrate(db::Connection& connection) {
  static const std::vector<db::Migration> steps{first_tables(), rounds()};
  db::migrate(connection, "course", steps);
}

std::int64_t add_problem(db::Connection& connection, const std::string& name,
                         const std::string& package) {
  std::int64_t id = 0;
  connection.transaction([&](db::Connection& tx) {
    const db::Row values{package, name_of(ProblemState::importing), name};
    if (tx.execute("UPDATE problems SET package = ?, state = ?, note = '' WHERE name = ?",
                   values) == 0 &&
        !find_problem(tx, name))  // MySQL counts no row that stays as it was
      tx.execute("INSERT INTO problems (package, state, name) VALUES (?, ?, ?)", values);
    id = find_problem(tx, name)->id;
  });
  return id;
}

std::optional<Problem> find_problem(db::Connection& connection, std::int64_t id) {
  const auto found = connection.query(
      "SELECT " + std::string(problem_columns) + " FROM problems WHERE id = ?", {id});
  return found.rows.empty() ? std::nullopt : std::optional(to_problem(found.rows[0]));
}

std::optional<Problem> find_problem(db::Connection& connection, const std::string& name) {
  const auto found = connection.query(
      "SELECT " + std::string(problem_columns) + " FROM problems WHERE name = ?", {name});
  return found.rows.empty() ? std::nullopt : std::optional(to_problem(found.rows[0]));
}

void finish_import(db::Connection& connection, const Problem& problem) {
  connection.execute(
      "UPDATE problems SET state = ?, note = ?, time_limit_ms = ? "
      "WHERE id = ?",
      {name_of(problem.state), problem.note, std::int64_t{problem.time_limit.count()}, problem.id});
}

std::int64_t add_submission(db::Connection& connection, const SubmissionRow& submission) {
  connection.execute(
      "INSERT INTO submissions (problem_id, name, path, root, expected, mail_to) "
      "VALUES (?, ?, ?, ?, ?, ?)",
      {submission.problem_id, submission.name, submission.path, submission.root,
       to_value(submission.expected), submission.mail_to});
  return connection.last_insert_id();
}

void set_job(db::Connection& connection, std::int64_t submission_id, const std::string& job_id) {
  connection.execute("UPDATE submissions SET job_id = ? WHERE id = ?", {job_id, submission_id});
}

std::optional<SubmissionRow> find_submission(db::Connection& connection, std::int64_t id) {
  const auto found = connection.query(
      "SELECT " + std::string(submission_columns) + " FROM submissions s WHERE s.id = ?", {id});
  return found.rows.empty() ? std::nullopt : std::optional(to_submission(found.rows[0]));
}

void add_attempt(db::Connection& connection, std::int64_t submission_id) {
  connection.execute("UPDATE submissions SET attempts = attempts + 1 WHERE id = ?",
                     {submission_id});
}

bool is_judged(const ResultRow& row) { return row.judgement && row.round >= row.submission.round; }

bool has_result(db::Connection& connection, std::int64_t submission_id, std::int64_t round) {
  return !connection
              .query("SELECT 1 FROM results WHERE submission_id = ? AND round >= ?",
                     {submission_id, round})
              .rows.empty();
}

bool add_result(db::Connection& connection, std::int64_t submission_id,
                const judge::Judgement& judgement, std::int64_t round) {
  auto values = values_of(judgement, round);
  values.emplace_back(submission_id);
  return connection.execute(insert_or_ignore(connection) + " INTO results (" +
                                std::string(result_columns) +
                                ", submission_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            values) > 0 ||
         replace_result(connection, submission_id, judgement, round);
}

std::int64_t begin_round(db::Connection& connection, std::int64_t problem_id,
                         const std::vector<std::int64_t>& submissions) {
  std::int64_t round = 0;
  connection.transaction([&](db::Connection& tx) {
    tx.execute("UPDATE problems SET round = round + 1 WHERE id = ?", {problem_id});
    round = find_problem(tx, problem_id)->round;
    for (const auto id : submissions)
      tx.execute("UPDATE submissions SET round = ?, job_id = '' WHERE id = ?", {round, id});
  });
  return round;
}

std::vector<ResultRow> results(db::Connection& connection, const ResultFilter& filter) {
  std::string sql = "SELECT " + std::string(submission_columns) +
                    ", r.verdict, r.cases, r.note, r.compiler, r.slot, r.started_ms, r.ended_ms, "
                    "p.name, s.attempts, r.round, (SELECT o.verdict FROM old_results o WHERE "
                    "o.submission_id = s.id ORDER BY o.round DESC LIMIT 1) "
                    "FROM submissions s JOIN problems p ON p.id = s.problem_id "
                    "LEFT JOIN results r ON r.submission_id = s.id WHERE 1 = 1";
  db::Row values;
  if (!filter.problem.empty()) {
    sql += " AND p.name = ?";
    values.emplace_back(filter.problem);
  }
  if (!filter.submissions.empty()) sql += " AND s.id IN (" + list_of(filter.submissions) + ")";
  std::vector<ResultRow> found;
  for (const auto& row : connection.query(sql + " ORDER BY s.id", values).rows)
    found.push_back(to_result(row));
  return found;
}

}  // namespace daemonz::course
