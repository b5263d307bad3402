#include "judge/judge.h"

#include <cstring>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "judge/compile.h"

namespace daemonz::judge {

using daemonz::to_string;  // sizes and durations, beside that of Verdict

namespace {

namespace fs = std::filesystem;

constexpr std::size_t stderr_shown_max = 1'000;  // of a crashed program: first and last words
constexpr std::size_t cached_packages_max = 64;  // a course's problems; each costs a few images
constexpr Bytes scratch = mebibytes(64);         // /tmp of a judged program

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
    auto compiled = compile(with_included_code(submission.files),
                            {.time = package_.limits.compilation_time,
                             .memory = package_.limits.compilation_memory,
                             .run_memory = package_.limits.memory},
                            slot_);
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

  /// False: cancelled or stopped.
  bool run_cases(const ValidatorSet* validators) {
    end(Verdict::accepted, "");
    for (const auto& test_case : package_.cases) {
      if (options_.is_stop_requested && options_.is_stop_requested()) return false;
      if (!run_case(test_case, validators)) return false;
      if (options_.progress) options_.progress(judgement_.cases.size(), package_.cases.size());
      if (judgement_.verdict != Verdict::accepted) break;  // the first failing case decides
    }
    return true;
  }

 private:
  /// include/<language>/ of the package is laid over the submission's own files.
  std::vector<Entry> with_included_code(std::vector<Entry> files) const {
    std::string ignored;
    const auto* language = language_of(files, ignored);
    if (!language) return files;
    const auto folder = package_.root / "include" / language->code;
    if (!is_there(folder)) return files;
    for (auto& added : list_files(inside(folder, package_.root), package_.root)) {
      const auto same = std::ranges::find(files, added.name, &Entry::name);
      if (same != files.end()) {
        *same = std::move(added);
      } else {
        files.push_back(std::move(added));
      }
    }
    return files;
  }

  sandbox::Program request() const {
    sandbox::Program program;
    prepare(program, executable_);
    program.is_box_read_only = true;
    program.limits = sandbox::Limits::for_profile(sandbox::Profile::run);
    program.limits.cpu = options_.time_limit;
    program.limits.wall = wall_limit(options_.time_limit);
    program.limits.memory = package_.limits.memory;
    program.limits.processes = package_.limits.processes;
    program.limits.stdout_max = package_.limits.output;
    program.limits.stderr_max = package_.limits.output;
    program.limits.file_size = scratch;
    program.limits.scratch = scratch;
    return program;
  }

  bool run_case(const Case& test_case, const ValidatorSet* validators) {
    const auto input = open_file(test_case.input);
    const auto output = memory_file("output");
    const auto errors = memory_file("stderr");
    auto program = request();
    program.stdin_fd = input.get();
    program.stdout_fd = output.get();
    program.stderr_fd = errors.get();
    const auto result = slot_.run(program);
    if (result.verdict == sandbox::Verdict::CANCELLED) return false;
    judgement_.cases.push_back({.name = test_case.name,
                                .verdict = Verdict::judge_error,
                                .cpu = result.cpu,
                                .wall = result.wall,
                                .peak_kib = result.peak_kib});
    if (result.verdict != sandbox::Verdict::OK) {
      decide(run_verdict(result), run_note(result, errors.get()));
      return true;
    }
    return validate(test_case, validators, output.get(), result.stdout_bytes == 0);
  }

  bool validate(const Case& test_case, const ValidatorSet* validators, int output_fd,
                bool is_empty) {
    Validation validation{.verdict = Verdict::accepted, .note = {}};
    if (validators) {
      validation = validators->check(package_, test_case, output_fd, slot_);
      if (validation.is_cancelled) {
        judgement_.cases.pop_back();
        return false;
      }
    } else {
      const auto answer = open_file(test_case.answer);
      const auto options = parse_compare_options(test_case.validator_flags);
      if (auto difference = compare(answer.get(), output_fd, options))
        validation = {.verdict = Verdict::wrong_answer, .note = *difference};
    }
    if (is_empty && validation.verdict == Verdict::wrong_answer) validation.note = "no output";
    decide(validation.verdict, validation.note);
    return true;
  }

  void decide(Verdict verdict, const std::string& note) {
    judgement_.cases.back().verdict = verdict;
    if (verdict != Verdict::accepted) end(verdict, judgement_.cases.back().name + ": " + note);
  }

  static Verdict run_verdict(const sandbox::Result& result) {
    switch (result.verdict) {
      case sandbox::Verdict::MLE: return Verdict::memory_limit_exceeded;
      case sandbox::Verdict::OLE: return Verdict::output_limit_exceeded;
      case sandbox::Verdict::TLE_CPU:
      case sandbox::Verdict::TLE_WALL: return Verdict::time_limit_exceeded;
      case sandbox::Verdict::SG:
      case sandbox::Verdict::RE: return Verdict::run_time_error;
      default: return Verdict::judge_error;
    }
  }

  [[nodiscard]] std::string run_note(const sandbox::Result& result, int stderr_fd) const {
    switch (result.verdict) {
      case sandbox::Verdict::MLE: return "more than " + to_string(package_.limits.memory);
      case sandbox::Verdict::OLE:
        return "more than " + to_string(package_.limits.output) + " of output (" +
               result.killed_by + ")";
      case sandbox::Verdict::TLE_CPU:
        return "more than " + to_string(options_.time_limit) + " of CPU time";
      case sandbox::Verdict::TLE_WALL:
        return "did not end within " + to_string(wall_limit(options_.time_limit)) +
               (result.is_idle ? " (idle)" : "");
      case sandbox::Verdict::SG: {
        const char* name = ::sigabbrev_np(result.signal.value_or(0));
        return "signal " + std::to_string(result.signal.value_or(0)) +
               (name ? " (SIG" + std::string(name) + ")" : "") + last_words(stderr_fd);
      }
      case sandbox::Verdict::RE:
        return "exit code " + std::to_string(result.exit_code.value_or(0)) + last_words(stderr_fd);
      default: return "the box failed at " + result.stage + ": " + error_text(result.errno_value);
    }
  }

  [[nodiscard]] std::string last_words(int stderr_fd) const {
    auto text = read_file(stderr_fd, package_.limits.output);
    if (text.empty()) return {};
    return "\n" + clipped(std::move(text), stderr_shown_max);
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
    if (expected(submission) != std::vector{Verdict::accepted}) continue;
    has_solution = true;
    const auto judgement = judge(
        package, submission,
        {.time_limit = measure_limit, .is_stop_requested = is_stop_requested, .progress = {}});
    if (!judgement) return std::nullopt;
    if (judgement->verdict == Verdict::accepted)
      slowest = std::max(slowest, slowest_case(*judgement));
  }
  if (!has_solution)
    throw Error(ErrorText{
        .what = "names no time limit and has no submission labelled accepted to measure one",
        .where = package.root,
        .hint = "Write seconds into .timelimit, or add a solution to submissions/accepted."});
  // Of wrong solutions there is nothing to measure: the least limit still shows what they are.
  const double seconds =
      static_cast<double>(slowest.count()) / 1000 * package.limits.time_multiplier;
  return Seconds(static_cast<std::int64_t>(std::max(1.0, std::ceil(seconds))));
}

}  // namespace daemonz::judge
