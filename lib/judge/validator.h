// Custom output validators: compiled once per package, run in a box of their own for each case.
// Not the default validator (compare.h). Follows the legacy package format, "Output Validators":
// argv = input, answer, feedback folder with a trailing slash, flags; stdin = the output; exit 42
// accepted, 43 wrong, anything else is the validator's own failure.
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
};

/// All validators of one package. Move-only: owns their compiled images. Threads: one.
class ValidatorSet {
 public:
  /// Compiles output_validators/*. A validator that does not compile is no exception: check() then
  /// says judge_error with the compiler's text. nullopt: the run was cancelled.
  [[nodiscard]] static std::optional<ValidatorSet> compile(const Package& package,
                                                           sandbox::Slot& slot);

  /// Every validator must accept. `output_fd` is the submission's output, read from offset 0.
  [[nodiscard]] Validation check(const Package& package, const Case& test_case, int output_fd,
                                 sandbox::Slot& slot) const;

 private:
  struct Validator {
    std::string name;
    Compiled compiled;
  };
  std::vector<Validator> validators_;
};

}  // namespace daemonz::judge
