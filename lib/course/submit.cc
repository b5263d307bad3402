#include "course/submit.h"

#include "base/random.h"
#include "judge/compile.h"
#include "judge/submission.h"

namespace daemonz::course {
namespace {

namespace fs = std::filesystem;

/// A folder that nobody else has; removed again unless keep() is called.
class NewFolder {
 public:
  explicit NewFolder(const fs::path& parent) {
    std::array<unsigned char, 8> bytes{};
    fill_random(bytes);
    path_ = parent / to_hex(bytes);
    fs::create_directories(path_);
  }
  ~NewFolder() {
    std::error_code ignored;
    if (!is_kept_) fs::remove_all(path_, ignored);
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  void keep() { is_kept_ = true; }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  bool is_kept_ = false;
};

/// The last part of a path; "." and "sum/" are folders with a name too.
std::string name_of(const fs::path& file) {
  const auto normal = fs::absolute(file).lexically_normal();
  return normal.has_filename() ? normal.filename() : normal.parent_path().filename();
}

void copy_into(const fs::path& source, const fs::path& folder) {
  std::error_code code;
  const auto real = fs::canonical(source, code);
  if (code) throw Error(ErrorText{.what = "cannot be read", .where = source, .code = code.value()});
  // Through the judge's own reader: links out of a folder are refused, and so is too much.
  const auto submission = judge::read_submission(
      source, source.filename(), fs::is_directory(real) ? real : real.parent_path());
  for (const auto& file : submission.files) {
    const auto target = folder / file.name;
    fs::create_directories(target.parent_path());
    if (!fs::copy_file(file.path, target, code) || code)
      throw Error(ErrorText{.what = "cannot be copied to " + target.string(),
                            .where = file.path,
                            .hint = "Are there two files of one name?",
                            .code = code.value()});
  }
}

}  // namespace

judge::Submission submission_of(const SubmissionRow& row, const judge::Package& package) {
  auto submission = judge::read_submission(row.path, row.name, row.root);
  for (const auto& own : package.submissions)
    if (own.path == submission.path) {
      submission.hints = own.hints;
      submission.case_rules = own.case_rules;
    }
  return submission;
}

Error unknown_problem(const std::string& name) {
  return Error(ErrorText{.what = "there is no problem " + judge::printable(name, 100),
                         .hint = "Import it: course judge PACKAGE"});
}

SubmissionRow take_in(db::Connection& connection, const Handover& handover) {
  const auto problem = find_problem(connection, handover.problem);
  if (!problem) throw unknown_problem(handover.problem);
  NewFolder folder(fs::absolute(handover.folder) / "submissions");
  for (const auto& file : handover.files) copy_into(file, folder.path());

  SubmissionRow row;
  row.problem_id = problem->id;
  row.name = name_of(handover.files.at(0));
  row.path = fs::canonical(folder.path());
  row.root = row.path;
  const auto submission = judge::read_submission(row.path, row.name, row.root);
  std::string why;
  if (!judge::language_of(submission.files, why))
    throw Error(ErrorText{.what = why, .where = handover.files.at(0)});
  folder.keep();
  return row;
}

}  // namespace daemonz::course
