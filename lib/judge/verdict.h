// What the judge says of a submission, and the names that packages and people use for it.
// Not the sandbox's verdict on one run (sandbox/run.h): that one knows no right or wrong answers.
// Follows sandbox.md, "Judge verdicts" and "Labels".
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace daemonz::judge {

enum class Verdict {
  accepted,
  wrong_answer,
  time_limit_exceeded,
  run_time_error,
  memory_limit_exceeded,
  output_limit_exceeded,
  compile_error,
  judge_error,  ///< the package or the judge is at fault, never the submission
  skipped,      ///< not judged: the language is unknown or not installed
};

/// The enumerator's own name: "accepted", "wrong_answer", ...
[[nodiscard]] const char* to_string(Verdict verdict);
/// Reads what to_string writes. nullopt: no such verdict.
[[nodiscard]] std::optional<Verdict> parse_verdict(std::string_view name);

/// The verdicts that one name of a label permits; the first is the name's own. Any case, '_' and
/// '-' alike: "CORRECT", "RUN-ERROR" (memory and output limits too), "NO-OUTPUT", "TIMELIMIT", ...
/// "CHECK-MANUALLY" permits none. nullopt: not such a name.
[[nodiscard]] std::optional<std::vector<Verdict>> verdicts_of_label(std::string_view name);

/// The same for a folder of submissions/: "rejected", "brute_force", ... nullopt: says nothing.
[[nodiscard]] std::optional<std::vector<Verdict>> verdicts_of_folder(std::string_view name);

}  // namespace daemonz::judge
