#include "judge/package.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "judge/domjudge.h"
#include "judge/mapping.h"
#include "judge/problem_yaml.h"
#include "judge/submission_rules.h"
#include "judge/test_data.h"

namespace daemonz::judge {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t path_shown_max = 4'096;  // PATH_MAX: a path in a message

fs::path canonical_folder(const fs::path& folder) {
  std::error_code code;
  auto root = fs::canonical(folder, code);
  if (code || !fs::is_directory(root))
    throw Error(ErrorText{.what = "is not a folder",
                          .where = folder,
                          .hint = "Name the folder that holds problem.yaml.",
                          .code = code.value()});
  return root;
}

/// Legacy: every entry of output_validators/ is one. Later: output_validator/ is one, itself or
/// the only program in it.
void read_validators(Package& package) {
  const bool is_single = is_there(package.root / "output_validator");
  const auto folder = package.root / (is_single ? "output_validator" : "output_validators");
  if (is_there(folder))
    for (const auto& entry : list_folder(inside(folder, package.root), package.root))
      if (!entry.name.starts_with("README")) package.validators.push_back(entry.path);
  if (package.validators.empty())
    throw Error(ErrorText{.what = "validation is custom, but there is no validator",
                          .where = folder,
                          .hint = "Put a program there, or write validation: default."});
  if (is_single && package.validators.size() > 1)
    package.validators = {inside(folder, package.root)};
  if ((package.is_interactive || package.passes_max > 1) && package.validators.size() > 1)
    throw Error(ErrorText{.what = "an interactive or multi-pass problem has one validator, not " +
                                  std::to_string(package.validators.size()),
                          .where = folder,
                          .hint = "Put the files of one program into a folder there."});
}

void refuse_static_validator(const Package& package) {
  for (const char* name : {"static_validator", "static_validators"})
    if (package.version != FormatVersion::legacy && is_there(package.root / name))
      throw Error(ErrorText{.what = "is not run: submissions are judged by their output only",
                            .where = package.root / name,
                            .hint = "Judge the problem without it: remove the folder."});
}

void read_submissions(Package& package) {
  const auto folder = package.root / "submissions";
  if (!is_there(folder)) return;
  for (const auto& label : list_folder(inside(folder, package.root), package.root)) {
    if (!label.is_folder) continue;  // submissions.yaml, a read-me
    for (const auto& entry : list_folder(label.path, package.root))
      package.submissions.push_back(read_submission(folder / label.name / entry.name,
                                                    label.name + "/" + entry.name, package.root));
  }
}

Package read_all(const fs::path& folder, const ReadYaml& read_yaml) {
  Package package;
  package.root = canonical_folder(folder);
  package.short_name = package.root.filename();
  const auto file = package.root / "problem.yaml";
  if (!is_there(file))
    throw Error(ErrorText{.what = "has no problem.yaml",
                          .where = package.root,
                          .hint = "A problem package is the folder that holds problem.yaml; "
                                  "an empty one is enough to begin with."});
  read_problem_yaml(read_yaml(inside(file, package.root)), package);
  refuse_static_validator(package);
  // What the format itself names counts more than DOMjudge's additions, where it names it.
  if (package.version == FormatVersion::legacy || !package.limits.time)
    if (const auto limit = domjudge_time_limit(package.root)) package.limits.time = limit;
  read_cases(package, read_yaml);
  if (package.has_custom_validator) read_validators(package);
  read_submissions(package);
  read_submission_rules(package, read_yaml);
  return package;
}

/// File names may hold any bytes but '/' and NUL: what is printed is one line.
std::string one_line(std::string_view text) {
  auto line = printable(text, path_shown_max);
  std::ranges::replace(line, '\n', '?');
  return line;
}

}  // namespace

Milliseconds wall_limit(Milliseconds cpu_limit) {
  return cpu_limit + cpu_limit / 2 + Milliseconds(1'000);
}

Package read_package(const fs::path& folder, const ReadYaml& read_yaml) {
  try {
    return read_all(folder, read_yaml);
  } catch (const Error& problem) {
    auto text = problem.text();
    text.where = one_line(text.where);
    text.hint = one_line(text.hint);
    throw Error(std::move(text));
  } catch (const fs::filesystem_error& problem) {
    throw Error(ErrorText{.what = one_line(problem.what()),
                          .where = one_line(folder.string()),
                          .hint = {},
                          .code = problem.code().value()});
  }
}

}  // namespace daemonz::judge
