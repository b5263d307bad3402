// The judge: compiles one submission, runs it on the cases of its problem, compares, and says why.
// All programs, validators included, run in the sandbox's slot. Knows nothing of courses, jobs or
// databases. Follows sandbox.md, "The judge: problem packages".
//
//     auto slot = sandbox::Slot::open({.number = 0});
//     judge::Judge judge(*slot);
//     const auto package = judge::read_package("problems/hello", read_yaml);
//     const auto limit = judge.time_limit(package);
//     for (const auto& submission : package.submissions)
//       report(judge.judge(package, submission, {.time_limit = limit}));
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "judge/case_run.h"
#include "judge/package.h"
#include "judge/validator.h"
#include "sandbox/run.h"

namespace daemonz::judge {

struct Judgement {
  Verdict verdict = Verdict::judge_error;
  std::vector<CaseResult> cases;  ///< up to the first that failed, which decided
  std::string note;      ///< compiler's text, the difference, a signal; printable, at most note_max
  std::string compiler;  ///< all that the compiler said, also of an accepted submission; printable
  int slot = 0;
  WallTime started, ended;
};

inline constexpr std::size_t note_max = 4'096;  ///< bytes; enough for a compiler's first errors
/// Bytes of Judgement::compiler: the first and the last of them.
inline constexpr std::size_t compiler_kept_max = 16'384;

struct JudgeOptions {
  Milliseconds time_limit{1'000};  ///< CPU of one case
  /// Asked between cases; true ends the judging without a result. Empty: never.
  std::function<bool()> is_stop_requested;
  /// Told after each case. Empty: nobody listens.
  std::function<void(std::size_t done, std::size_t total)> progress;
};

/// Uses one slot; keeps compiled validators of the packages it has seen. Threads: one at a time.
class Judge {
 public:
  /// `slot` must outlive the judge.
  explicit Judge(sandbox::Slot& slot, const Clock& clock = real_clock());

  /// nullopt: stopped on request, or the run was cancelled. Whatever a submission or a validator
  /// does is a verdict, never an exception. Throws Error only for files that cannot be read.
  [[nodiscard]] std::optional<Judgement> judge(const Package& package, const Submission& submission,
                                               const JudgeOptions& options);

  /// The package's own limit; else runs its accepted submissions (each case for at most
  /// measure_limit) and returns slowest x time_multiplier, up to a multiple of time_resolution.
  /// Those that turn out wrong do not count. nullopt: stopped on request. Throws Error when none is
  /// labelled accepted.
  [[nodiscard]] std::optional<Milliseconds> time_limit(
      const Package& package, const std::function<bool()>& is_stop_requested = {});

 private:
  struct Validators {
    std::string stamp;  ///< names, sizes and times of the validators' files
    ValidatorSet set;
  };

  /// nullptr: cancelled.
  const ValidatorSet* validators_of(const Package& package);

  sandbox::Slot& slot_;
  const Clock& clock_;
  std::map<std::string, Validators> validators_;  ///< by the package's root
};

/// A case of an accepted submission that needs longer than this is a mistake of the package.
inline constexpr Milliseconds measure_limit{60'000};

}  // namespace daemonz::judge
