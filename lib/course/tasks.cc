#include "course/tasks.h"

#include <filesystem>

#include "course/grading_room.h"
#include "course/mailer.h"
#include "course/store.h"
#include "course/submit.h"
#include "offline_tasks/context.h"
#include "offline_tasks/push.h"

namespace daemonz::course {
namespace {

using offline_tasks::Again;
using offline_tasks::Context;
using offline_tasks::Done;
using offline_tasks::Kill;
using offline_tasks::Outcome;

// A submission runs in a box and cannot harm its processor: when one dies, it was something else,
// and the submission is graded all the same.
constexpr std::uint32_t killed_processors_max = 100;
// The processor is stopping: another takes the job as soon as it is handed back.
constexpr Milliseconds at_once{0};
constexpr Milliseconds import_wait{1'000};  // for the import of the submission's problem
constexpr Milliseconds result_wait{5'000};  // a mail's, for its result

std::string number(std::int64_t id) { return std::to_string(id); }

/// nullopt: stopped on request.
std::optional<judge::Judgement> grade(Context& context, const SubmissionRow& row,
                                      const Problem& problem) {
  auto& room = context.use<GradingRoom>();
  const auto package = judge::read_package(problem.package, room.read_yaml());
  const auto submission = submission_of(row, package);
  std::optional<judge::Judgement> judgement;
  room.with_judge([&](judge::Judge& judge) {
    add_attempt(context.db(), row.id);
    judgement = judge.judge(package, submission,
                            {.time_limit = problem.time_limit,
                             .is_stop_requested = [&] { return context.stop_requested(); },
                             .progress =
                                 [&](std::size_t done, std::size_t total) {
                                   context.progress(static_cast<std::int64_t>(done),
                                                    static_cast<std::int64_t>(total));
                                 }});
  });
  return judgement;
}

/// Reads the package and finds its time limit. False: stopped on request.
bool import(Context& context, Problem& problem) {
  auto& room = context.use<GradingRoom>();
  problem.state = ProblemState::ready;
  try {
    const auto package = judge::read_package(problem.package, room.read_yaml());
    std::optional<Milliseconds> limit;
    room.with_judge([&](judge::Judge& judge) {
      limit = judge.time_limit(package, [&] { return context.stop_requested(); });
    });
    if (!limit) return false;
    problem.time_limit = *limit;
  } catch (const Error& fault) {  // the teacher's, not ours: told once, not retried
    problem.state = ProblemState::broken;
    problem.note = judge::printable(fault.what(), judge::note_max);
  }
  return true;
}

/// "42", of a rejudge "42-3".
std::string judging_of(const SubmissionRow& row) {
  return number(row.id) + (row.round > 0 ? "-" + number(row.round) : "");
}

/// A rejudge that came to the same verdict is none.
bool is_news(db::Connection& connection, const SubmissionRow& row) {
  const auto rows = results(connection, {.problem = {}, .submissions = {row.id}});
  return rows.empty() || !rows[0].judgement || rows[0].judgement->verdict != rows[0].before;
}

Mail verdict_mail(const ResultRow& row, const std::string& to) {
  const auto verdict = std::string(judge::to_string(row.judgement->verdict));
  return {.to = to,
          .subject = row.problem + ": " + verdict,
          .body = "Your submission " + row.submission.name + " to the problem " + row.problem +
                  " was judged: " + verdict + ".\n\n" + row.judgement->note + "\n",
          .message_id = "submission-" + judging_of(row.submission) + "@course"};
}

/// Of the tasks that run submissions: grading one, and finding a package's time limit.
offline_tasks::Options options_of_judging() {
  using namespace std::chrono_literals;
  // A hundred cases at a limit of ten seconds still fit.
  return {.queue = "pushes",
          .max_attempts = 3,
          .max_deliveries = killed_processors_max,
          .backoff = {{1s, 5s}},
          .timeout = 1h};
}

}  // namespace

offline_tasks::Options GradeSubmission::defaults() { return options_of_judging(); }

Outcome GradeSubmission::perform(Context& context) const {
  context.use<GradingRoom>().prepare_tables(context.db());
  const auto row = find_submission(context.db(), submission_id);
  if (!row) return Kill{"there is no submission " + number(submission_id)};
  const auto problem = find_problem(context.db(), row->problem_id);
  if (!problem) return Kill{"there is no problem " + number(row->problem_id)};
  if (problem->state == ProblemState::importing)
    return Again{import_wait, "the problem is being imported"};
  if (problem->state == ProblemState::broken) return Kill{problem->note};

  // A delivery after the result was written, and before the ack, has nothing left to do.
  if (!has_result(context.db(), submission_id, row->round)) {
    const auto judgement = grade(context, *row, *problem);
    if (!judgement) return Again{at_once, "stopped on request"};
    context.transaction([&](db::Connection& connection) {
      add_result(connection, submission_id, *judgement, row->round);
    });
  }
  if (!row->mail_to.empty() && is_news(context.db(), *row))
    context.push(MailResult{.submission_id = submission_id, .to = row->mail_to},
                 {.unique_key = "course-mail:" + judging_of(*row)});
  return Done{};
}

offline_tasks::Options ImportProblem::defaults() { return options_of_judging(); }

Outcome ImportProblem::perform(Context& context) const {
  context.use<GradingRoom>().prepare_tables(context.db());
  auto problem = find_problem(context.db(), problem_id);
  if (!problem) return Kill{"there is no problem " + number(problem_id)};
  if (!import(context, *problem)) return Again{at_once, "stopped on request"};
  context.transaction([&](db::Connection& connection) { finish_import(connection, *problem); });
  return Done{};
}

offline_tasks::Options MailResult::defaults() {
  using namespace std::chrono_literals;
  return {.queue = "pushes", .max_attempts = 10, .timeout = 1min};
}

Outcome MailResult::perform(Context& context) const {
  context.use<GradingRoom>().prepare_tables(context.db());
  const auto rows = results(context.db(), {.problem = {}, .submissions = {submission_id}});
  if (rows.empty()) return Kill{"there is no submission " + number(submission_id)};
  if (!is_judged(rows[0])) return Again{result_wait, "there is no result yet"};
  context.use<Mailer>().send(verdict_mail(rows[0], to));
  return Done{};
}

}  // namespace daemonz::course
