// The course's tables: problems, submissions and results (one per submission; what a rejudge has
// replaced is kept in old_results).
// Statements only; who may write when is the handlers' business. Both dialects of lib/db.
// What survives a crash: every row, as far as its transaction was committed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "db/connection.h"
#include "judge/judge.h"

namespace daemonz::course {

enum class ProblemState { importing, ready, broken };

struct Problem {
  std::int64_t id = 0;
  std::string name;     ///< the package's folder name: unique
  std::string package;  ///< absolute path
  ProblemState state = ProblemState::importing;
  std::string note;  ///< why it is broken
  Milliseconds time_limit{0};
  std::int64_t round = 0;  ///< how often it was rejudged
};

struct SubmissionRow {
  std::int64_t id = 0;
  std::int64_t problem_id = 0;
  std::string name;                                     ///< as judge::Submission::name
  std::string path;                                     ///< absolute: a file or a folder
  std::string root;                                     ///< links must not lead out of here
  std::optional<std::vector<judge::Verdict>> expected;  ///< nullopt: unlabelled
  std::string mail_to;                                  ///< told the verdict; empty: nobody
  std::string job_id;
  std::int64_t round = 0;  ///< of the judging that is wanted: 0, or that of a rejudge
};

struct ResultRow {
  SubmissionRow submission;
  std::string problem;
  std::optional<judge::Judgement> judgement;  ///< nullopt: not judged yet
  std::int64_t attempts = 0;                  ///< how often judging was begun
  std::int64_t round = 0;                     ///< of the judgement
  std::optional<judge::Verdict> before;       ///< of the judgement that this one has replaced
};

/// The judgement that is wanted is there.
[[nodiscard]] bool is_judged(const ResultRow& row);

/// Brings the tables to this program's version. Idempotent; concurrent calls are fine.
void migrate(db::Connection& connection);

/// Adds the problem or points the known one to `package`; state becomes importing. Returns its id.
std::int64_t add_problem(db::Connection& connection, const std::string& name,
                         const std::string& package);
[[nodiscard]] std::optional<Problem> find_problem(db::Connection& connection, std::int64_t id);
[[nodiscard]] std::optional<Problem> find_problem(db::Connection& connection,
                                                  const std::string& name);
void finish_import(db::Connection& connection, const Problem& problem);

/// Returns its id; the row's own id and job_id are ignored.
std::int64_t add_submission(db::Connection& connection, const SubmissionRow& submission);
void set_job(db::Connection& connection, std::int64_t submission_id, const std::string& job_id);
[[nodiscard]] std::optional<SubmissionRow> find_submission(db::Connection& connection,
                                                           std::int64_t id);

/// Counts a beginning, so that a killed attempt is seen too.
void add_attempt(db::Connection& connection, std::int64_t submission_id);
/// A result of this round or a later one.
[[nodiscard]] bool has_result(db::Connection& connection, std::int64_t submission_id,
                              std::int64_t round = 0);
/// Writes the one result of a submission; one of an earlier round becomes an old result. Call it in
/// a transaction. False: it has one of this round already; nothing changed.
bool add_result(db::Connection& connection, std::int64_t submission_id,
                const judge::Judgement& judgement, std::int64_t round = 0);

/// Begins the problem's next round: these submissions want another judgement, their jobs are
/// forgotten. One transaction. Returns the round.
std::int64_t begin_round(db::Connection& connection, std::int64_t problem_id,
                         const std::vector<std::int64_t>& submissions);

struct ResultFilter {
  std::string problem;                      ///< empty: all
  std::vector<std::int64_t> submissions{};  ///< empty: all
};
/// Oldest submission first.
[[nodiscard]] std::vector<ResultRow> results(db::Connection& connection,
                                             const ResultFilter& filter);

}  // namespace daemonz::course
