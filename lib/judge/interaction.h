// A submission and a validator that talk to each other: both run at once, and their ends together
// are one verdict. Not the pipes between them (sandbox/run.h, run_pair). Follows sandbox.md,
// "Interactive"; where the package formats leave it open, what problemtools and DOMjudge agree on.
#pragma once

#include "judge/validator.h"
#include "sandbox/run.h"

namespace daemonz::judge {

/// Wall time of the submission: its own part, and as much again for the validator's turns. Two that
/// wait for each other for ever end by this.
[[nodiscard]] Milliseconds interaction_wall_limit(Milliseconds cpu_limit,
                                                  Milliseconds validation_time);

/// At least so much may a validator say to the submission, whatever its validation_output.
inline constexpr Bytes interaction_output_min = mebibytes(64);

/// Whose end the verdict is.
enum class Decider { validator, submission, cancelled };

/// The order of sandbox.md: a validator that fails; one that said "wrong" and ended first; whatever
/// the submission died of; the validator. `validation` is the validator's end already read.
[[nodiscard]] Decider decider(const Validation& validation, const sandbox::Result& validator,
                              const sandbox::Result& submission);

struct Interaction {
  Decider decider = Decider::cancelled;
  Validation validation;
  sandbox::Result submission;
};

/// `submission` needs no stdin and stdout; its wall limit counts for the validator, too.
[[nodiscard]] Interaction interact(const Validator& validator, const Limits& limits,
                                   CaseFiles& files, const sandbox::Program& submission,
                                   sandbox::Slot& slot);

}  // namespace daemonz::judge
