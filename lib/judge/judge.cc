#include "judge/judge.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "judge/compile.h"
#include "judge/submission_rules.h"

namespace daemonz::judge {

using daemonz::to_string;  // sizes and durations, beside that of Verdict

namespace {

namespace fs = std::filesystem;

constexpr std::size_t cached_packages_max = 64;    // a course's problems; each costs a few images
constexpr std::size_t description_shown_max = 80;  // bytes, of a case's first line

/// A case's name, and what it is for where the package says so: "secret/07 (two equal piles)".
std::string told(const Case& test_case) {
  const auto& text = test_case.description;
  const auto line = std::string_view(text).substr(0, text.find_first_of("\r\n"));
  if (line.empty()) return test_case.name;
  return test_case.name + " (" + printable(line, description_shown_max) +
         (line.size() > description_shown_max ? ".." : "") + ")";
}

/// One submission on its way through the cases of one package.
class Trial {
 public:
  Trial(const Package& package, const JudgeOptions& options, sandbox::Slot& slot)
      : package_(package), options_(options), slot_(slot) {}

  Judgement& judgement() { return judgement_; }

  void end(Verdict verdict, std::string_view note) {
    judgement_.verdict = verdict;
    judgement_.note = printable(note, note_max);
    while (judgement_.note.ends_with('\n')) judgement_.note.pop_back();
  }

  /// False: cancelled.
  bool compile_submission(const Submission& submission) {
    if (!is_language_allowed(submission)) return true;
    auto files = with_included_code(submission);
    const auto hints = hints_with_included(submission, files);
    auto compiled = compile(files,
                            {.time = package_.limits.compilation_time,
                             .memory = package_.limits.compilation_memory,
                             .run_memory = package_.limits.memory},
                            slot_, hints);
    executable_ = std::move(compiled.executable);
    judgement_.compiler = printable(clipped(compiled.text, compiler_kept_max), compiler_kept_max);
    switch (compiled.state) {
      case CompileState::compiled: break;
      case CompileState::failed:
        end(Verdict::compile_error, clipped(compiled.text, note_max));
        break;
      case CompileState::unknown_language: end(Verdict::skipped, compiled.text); break;
      case CompileState::broken: end(Verdict::judge_error, compiled.text); break;
      case CompileState::cancelled: return false;
    }
    is_compiled_ = compiled.state == CompileState::compiled;
    return true;
  }

  [[nodiscard]] bool is_compiled() const { return is_compiled_; }

  /// Marks the case that submissions.yaml wants another verdict of.
  void check_case_rules(const Submission& submission) {
    if (submission.case_rules.empty()) return;
    std::vector<std::pair<std::string, Verdict>> seen;
    for (const auto& result : judgement_.cases) seen.emplace_back(result.name, result.verdict);
    const auto found = contradiction(submission, seen);
    if (!found) return;
    std::ranges::find(judgement_.cases, found->case_name, &CaseResult::name)->is_as_labelled =
        false;
    const auto text = found->case_name + ": " + found->note;
    end(judgement_.verdict, judgement_.note.empty() ? text : judgement_.note + "\n" + text);
  }

  /// False: cancelled or stopped.
  bool run_cases(const ValidatorSet* validators) {
    end(Verdict::accepted, "");
    for (const auto& test_case : package_.cases) {
      if (options_.is_stop_requested && options_.is_stop_requested()) return false;
      auto outcome = run_case(test_case,
                              {.package = package_,
                               .submission = executable_,
                               .validators = validators,
                               .time_limit = options_.time_limit,
                               .is_stop_requested = options_.is_stop_requested},
                              slot_);
      if (!outcome) return false;
      if (outcome->result.verdict != Verdict::accepted)
        end(outcome->result.verdict, told(test_case) + ": " + outcome->note);
      judgement_.cases.push_back(std::move(outcome->result));
      if (options_.progress) options_.progress(judgement_.cases.size(), package_.cases.size());
      if (judgement_.verdict != Verdict::accepted) break;  // the first failing case decides
    }
    return true;
  }

 private:
  bool is_language_allowed(const Submission& submission) {
    std::string ignored;
    const auto* language = language_of(submission.files, ignored, submission.hints);
    const auto& allowed = package_.languages;
    if (!language || allowed.empty() || std::ranges::find(allowed, language->code) != allowed.end())
      return true;
    std::string text = "the problem is not to be solved in " + language->name + ", but in";
    for (const auto& code : allowed) text += " " + code;
    end(Verdict::skipped, text);
    return false;
  }

  /// An only source stays the program when the package lays others beside it; a driver that
  /// the package brings is called main.
  static ProgramHints hints_with_included(const Submission& submission,
                                          const std::vector<Entry>& files) {
    auto hints = submission.hints;
    const auto is_main = [](const Entry& file) {
      const auto stem = fs::path(file.name).stem();
      return stem == "main" || stem == "Main" || stem == "__main__";
    };
    const bool is_joined = submission.files.size() == 1 && files.size() > 1;
    if (hints.entry.empty() && is_joined && std::ranges::none_of(files, is_main))
      hints.entry = submission.files[0].name;
    return hints;
  }

  /// include/default/ and include/<language>/ of the package are laid over the submission's files.
  std::vector<Entry> with_included_code(const Submission& submission) const {
    auto files = submission.files;
    std::string ignored;
    const auto* language = language_of(files, ignored, submission.hints);
    if (!language) return files;
    lay_over(files, package_.root / "include" / "default");
    lay_over(files, package_.root / "include" / language->code);
    return files;
  }

  void lay_over(std::vector<Entry>& files, const fs::path& folder) const {
    if (!is_there(folder)) return;
    for (auto& added : list_files(inside(folder, package_.root), package_.root)) {
      const auto same = std::ranges::find(files, added.name, &Entry::name);
      if (same != files.end()) {
        *same = std::move(added);
      } else {
        files.push_back(std::move(added));
      }
    }
  }

  const Package& package_;
  const JudgeOptions& options_;
  sandbox::Slot& slot_;
  Executable executable_;
  bool is_compiled_ = false;
  Judgement judgement_;
};

/// Changes when any file of a validator changes.
std::string stamp_of(const Package& package) {
  std::string stamp;
  const auto add = [&](const fs::path& path) {
    stamp += path.string() + ' ' + std::to_string(fs::file_size(path)) + ' ' +
             std::to_string(fs::last_write_time(path).time_since_epoch().count()) + '\n';
  };
  for (const auto& path : package.validators) {
    if (!fs::is_directory(path)) {
      add(path);
      continue;
    }
    for (const auto& file : list_files(path, package.root)) add(file.path);
  }
  return stamp;
}

bool is_too_long(const Package& package, const Submission& submission) {
  if (!package.limits.code) return false;
  Bytes size;
  for (const auto& file : submission.files) size += Bytes(fs::file_size(file.path));
  return size > *package.limits.code;
}

Milliseconds slowest_case(const Judgement& judgement) {
  Milliseconds slowest{0};
  for (const auto& result : judgement.cases) slowest = std::max(slowest, result.cpu);
  return slowest;
}

}  // namespace

Judge::Judge(sandbox::Slot& slot, const Clock& clock) : slot_(slot), clock_(clock) {}

const ValidatorSet* Judge::validators_of(const Package& package) {
  auto stamp = stamp_of(package);
  const auto known = validators_.find(package.root);
  if (known != validators_.end() && known->second.stamp == stamp) return &known->second.set;
  auto set = ValidatorSet::compile(package, slot_);
  if (!set) return nullptr;
  if (validators_.size() >= cached_packages_max) validators_.clear();
  auto& kept = validators_[package.root];
  kept = {.stamp = std::move(stamp), .set = *std::move(set)};
  return &kept.set;
}

std::optional<Judgement> Judge::judge(const Package& package, const Submission& submission,
                                      const JudgeOptions& options) {
  Trial trial(package, options, slot_);
  trial.judgement().started = clock_.wall();
  trial.judgement().slot = slot_.number();
  if (is_too_long(package, submission)) {
    trial.end(Verdict::compile_error,
              "the source is longer than " + to_string(*package.limits.code));
  } else {
    if (!trial.compile_submission(submission)) return std::nullopt;
    if (trial.is_compiled()) {
      const ValidatorSet* validators = nullptr;
      if (package.has_custom_validator && !(validators = validators_of(package)))
        return std::nullopt;
      if (!trial.run_cases(validators)) return std::nullopt;
      trial.check_case_rules(submission);
    }
  }
  trial.judgement().ended = clock_.wall();
  return std::move(trial.judgement());
}

std::optional<Milliseconds> Judge::time_limit(const Package& package,
                                              const std::function<bool()>& is_stop_requested) {
  if (package.limits.time) return package.limits.time;
  bool has_solution = false;
  Milliseconds slowest{0};
  for (const auto& submission : package.submissions) {
    const bool is_solution = expected(submission) == std::vector{Verdict::accepted};
    if (!submission.is_measured.value_or(is_solution)) continue;
    has_solution = true;
    const auto judgement = judge(
        package, submission,
        {.time_limit = measure_limit, .is_stop_requested = is_stop_requested, .progress = {}});
    if (!judgement) return std::nullopt;
    if (judgement->verdict == Verdict::accepted || !is_solution)
      slowest = std::max(slowest, slowest_case(*judgement));
  }
  if (!has_solution)
    throw Error(ErrorText{
        .what = "names no time limit and has no submission labelled accepted to measure one",
        .where = package.root,
        .hint = "Write seconds into .timelimit, or add a solution to submissions/accepted."});
  // Of wrong solutions there is nothing to measure: the least limit still shows what they are.
  const double wanted = static_cast<double>(slowest.count()) * package.limits.time_multiplier;
  const auto step = static_cast<double>(package.limits.time_resolution.count());
  const double steps = std::max(1.0, std::ceil(wanted / step));
  return Milliseconds(static_cast<std::int64_t>(std::llround(steps * step)));
}

}  // namespace daemonz::judge
