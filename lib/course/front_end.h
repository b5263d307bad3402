// The course's front end without its command line: imports packages, pushes one job per submission
// and waits for the results. Links no handler and no sandbox. offline_tasks::connect comes first.
//
//     course::FrontEnd course(connection);
//     course.import({judge::read_package(folder, read_yaml)}, {});
//     const auto ids = course.push(submissions);
//     const auto rows = course.wait(ids, {.progress = [&](std::size_t done) { bar.show(done); }});
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "course/store.h"
#include "judge/package.h"

namespace daemonz::course {

/// What a rejudge is about.
struct Rejudge {
  std::vector<std::int64_t> submissions;  ///< all of the round, oldest first
  std::size_t done = 0;                   ///< of these, by an earlier call that did not end
};

/// Told while waiting: how many are done, and once when nothing has moved for idle_max.
struct Watch {
  std::function<void(std::size_t done)> progress;
  std::function<void()> idle;
};

/// After this long without a result a person is told where to look.
inline constexpr Milliseconds idle_max{10'000};

/// Threads: one.
class FrontEnd {
 public:
  /// `connection` must outlive it. Makes the course's tables if they are missing.
  explicit FrontEnd(db::Connection& connection);

  /// Pushes the import of each package and waits for all. Returns the problems in order. Throws
  /// Error with the reason when one is broken, its job is dead, or two have one name.
  std::vector<Problem> import(const std::vector<judge::Package>& packages, const Watch& watch);

  /// Writes a row for each submission and pushes its job. Returns the rows' ids in order.
  std::vector<std::int64_t> push(const std::vector<SubmissionRow>& submissions);

  /// Lets the stored submissions of a problem be judged again: imports its package anew (the time
  /// limit is measured anew) and pushes a job for each whose name matches the glob `only` (empty:
  /// all). A result stays until the new one replaces it. Where an earlier call did not come to an
  /// end its round goes on instead, and `only` is not looked at. Throws Error: no such problem, no
  /// such submission, what import throws; nothing is judged again then.
  Rejudge rejudge(const std::string& problem, const std::string& only, const Watch& watch);

  /// Returns when each has a result or its job is dead; then the row's judgement is judge_error
  /// with the job's last error. A processor killed on the way only delays.
  std::vector<ResultRow> wait(const std::vector<std::int64_t>& submissions, const Watch& watch);

 private:
  std::vector<Problem> import_all(const std::vector<std::pair<std::string, std::string>>& packages,
                                  const Watch& watch);

  db::Connection& connection_;
};

/// The rows of a package's submissions whose names match the glob `only` (fnmatch(3); empty: all).
/// `problem_id` is left 0.
[[nodiscard]] std::vector<SubmissionRow> rows_of(const judge::Package& package,
                                                 const std::string& only);

}  // namespace daemonz::course
