// Custom output validators: compiled once per package, run in a box of their own for each case.
// Not the default validator (compare.h), nor one that talks to the submission (interaction.h).
// Follows the package format, "Output Validators": argv = input, answer, feedback folder with a
// trailing slash, flags; stdin = the output; exit 42 accepted, 43 wrong, anything else is the
// validator's own failure. Multi-pass: nextpass.in in the feedback folder asks for another pass.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "judge/compile.h"
#include "judge/package.h"
#include "judge/verdict.h"
#include "sandbox/run.h"

namespace daemonz::judge {

inline constexpr int exit_accepted = 42;
inline constexpr int exit_wrong = 43;
inline constexpr Bytes judge_message_max = kibibytes(4);  ///< of feedback/judgemessage.txt

struct Validation {
  Verdict verdict = Verdict::judge_error;  ///< accepted, wrong_answer or judge_error
  std::string note;
  bool is_cancelled = false;
  UniqueFd next_input;  ///< open: accepted so far, and another pass is asked for with this input
};

/// What a validator is given while one case is judged. Move-only.
struct CaseFiles {
  UniqueFd input, answer;
  std::vector<std::string> flags;
  bool is_multi_pass = false;
  /// Multi-pass: the feedback folder as the passes before have left it.
  std::vector<sandbox::CollectedFile> feedback;

  [[nodiscard]] static CaseFiles open(const Package& package, const Case& test_case);
};

/// One validator, compiled or not. Move-only: owns its image. Threads: one.
struct Validator {
  std::string name;
  Compiled compiled;

  /// judge_error with the compiler's text. nullopt: it is compiled.
  [[nodiscard]] std::optional<Validation> fault() const;
  /// The run that judges; stdin_fd and stderr_fd are the caller's to set.
  [[nodiscard]] sandbox::Program program(const Limits& limits, const CaseFiles& files) const;
  /// What its end means. Takes what it has collected; multi-pass: into `files.feedback`.
  [[nodiscard]] Validation read(sandbox::Result& result, int stderr_fd, CaseFiles& files) const;
};

/// All validators of one package. Move-only. Threads: one.
class ValidatorSet {
 public:
  /// Compiles output_validators/*. A validator that does not compile is no exception: check() then
  /// says judge_error with the compiler's text. nullopt: the run was cancelled.
  [[nodiscard]] static std::optional<ValidatorSet> compile(const Package& package,
                                                           sandbox::Slot& slot);

  /// Every validator must accept. `output_fd` is the submission's output, read from offset 0.
  [[nodiscard]] Validation check(const Limits& limits, CaseFiles& files, int output_fd,
                                 sandbox::Slot& slot) const;

  /// Of an interactive or multi-pass problem there is only this one.
  [[nodiscard]] const Validator& first() const { return validators_.front(); }

 private:
  std::vector<Validator> validators_;
};

}  // namespace daemonz::judge
