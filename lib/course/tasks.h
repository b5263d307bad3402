// The course's kinds of work, as a front end sees them: plain structs to push. The handlers stand
// in tasks.cc and are linked by the processor only. Follows jobs.md, "The front end's API".
//
//     offline_tasks::push_pull(course::GradeSubmission{.submission_id = 42});
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "offline_tasks/task.h"

namespace daemonz::course {

/// Judges one row of submissions and writes its one row of results.
struct GradeSubmission {
  std::int64_t submission_id{};
  static constexpr std::string_view name = "grade_submission";
  static offline_tasks::Options defaults();
  offline_tasks::Outcome perform(offline_tasks::Context& context) const;
};
BOOST_DESCRIBE_STRUCT(GradeSubmission, (), (submission_id))

/// Reads a package, finds its time limit (by running its accepted submissions when it names none)
/// and marks the row of problems ready, or broken with the reason.
struct ImportProblem {
  std::int64_t problem_id{};
  static constexpr std::string_view name = "import_problem";
  static offline_tasks::Options defaults();
  offline_tasks::Outcome perform(offline_tasks::Context& context) const;
};
BOOST_DESCRIBE_STRUCT(ImportProblem, (), (problem_id))

/// Tells a student the verdict, through the Mailer that the processor's main lent.
struct MailResult {
  std::int64_t submission_id{};
  std::string to;  ///< an address
  static constexpr std::string_view name = "mail_result";
  static offline_tasks::Options defaults();
  offline_tasks::Outcome perform(offline_tasks::Context& context) const;
};
BOOST_DESCRIBE_STRUCT(MailResult, (), (submission_id, to))

using CourseTasks = offline_tasks::TaskList<GradeSubmission, ImportProblem, MailResult>;

}  // namespace daemonz::course
