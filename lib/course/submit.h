// Taking in what a student hands in: the files are copied into the course's own folder, so that
// they stay as they were judged, and their language is checked while the student is still there.
// Not the pushing: course/front_end.h.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "course/store.h"
#include "judge/package.h"

namespace daemonz::course {

struct Handover {
  std::string problem;                       ///< a name in problems
  std::vector<std::filesystem::path> files;  ///< sources, or one folder
  std::filesystem::path folder;              ///< the course's own; made if missing
};

/// Returns the row to push, without label. Throws Error that names the next step: an unknown
/// problem, an unknown language, a file that cannot be read. Nothing is left behind then.
[[nodiscard]] SubmissionRow take_in(db::Connection& connection, const Handover& handover);

/// The files of a row, read anew; what the package says of a submission of its own goes along.
/// Throws Error: they cannot be read.
[[nodiscard]] judge::Submission submission_of(const SubmissionRow& row,
                                              const judge::Package& package);

/// "there is no problem NAME. Import it: course judge PACKAGE".
[[nodiscard]] Error unknown_problem(const std::string& name);

}  // namespace daemonz::course
