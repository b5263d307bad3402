// One case of a problem: runs the submission on it, alone or against the validator, in one pass or
// several, and says what came of it. Not the order of the cases, nor which of them decides
// (judge.h). Follows sandbox.md, "The judge: problem packages".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "judge/compile.h"
#include "judge/package.h"
#include "judge/validator.h"
#include "judge/verdict.h"
#include "sandbox/run.h"

namespace daemonz::judge {

/// Of several passes the slowest and the largest: limits hold for each alone.
struct CaseResult {
  std::string name;
  Verdict verdict = Verdict::judge_error;
  Milliseconds cpu{0}, wall{0};
  std::uint64_t peak_kib = 0;
  bool is_as_labelled = true;  ///< false: submissions.yaml wants another verdict of this case
};

struct CaseOutcome {
  CaseResult result;
  std::string note;  ///< why it is not accepted; raw
};

/// What is judged, by what, within what. All are loans.
struct CaseRunOptions {
  const Package& package;
  const Executable& submission;
  const ValidatorSet* validators = nullptr;  ///< nullptr: the default validator
  Milliseconds time_limit{1'000};            ///< CPU, of each pass
  const std::function<bool()>& is_stop_requested;
};

/// nullopt: cancelled, or stopped between two passes. Throws Error for files that cannot be read.
[[nodiscard]] std::optional<CaseOutcome> run_case(const Case& test_case,
                                                  const CaseRunOptions& options,
                                                  sandbox::Slot& slot);

}  // namespace daemonz::judge
