// The end of a submission's run in the sandbox, in the judge's words. Pure but for reading what the
// program has said on stderr. Not whether its output is right (compare.h, validator.h). Follows
// sandbox.md, "Judge verdicts".
#pragma once

#include <string>

#include "judge/verdict.h"
#include "sandbox/run.h"

namespace daemonz::judge {

/// accepted: it ended well, and its output can be looked at. CANCELLED is no verdict: ask before.
[[nodiscard]] Verdict run_verdict(const sandbox::Result& result);

/// Why, for a person: the limit that was passed, the signal, the last words. `limits` are those of
/// the run.
[[nodiscard]] std::string run_note(const sandbox::Result& result, const sandbox::Limits& limits,
                                   int stderr_fd);

}  // namespace daemonz::judge
