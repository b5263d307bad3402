// What a package says of its own submissions: submissions/submissions.yaml, and DOMjudge's
// submissions.json. Not tags and folders (submission.h). Follows sandbox.md, "Labels", and the
// package format, "Example submissions".
#pragma once

#include "judge/package.h"

namespace daemonz::judge {

/// Fills in label, case_rules, hints and is_measured of package.submissions. A pattern
/// that matches nothing and a key that nobody knows are noted. Throws Error that names the file: a
/// verdict that is none, a value of another kind.
void read_submission_rules(Package& package, const ReadYaml& read_yaml);

/// What `submission`'s rules say against these verdicts of its cases, the last of which may be one
/// that ended the judging. nullopt: nothing.
struct Contradiction {
  std::string case_name, note;
};
[[nodiscard]] std::optional<Contradiction> contradiction(
    const Submission& submission, const std::vector<std::pair<std::string, Verdict>>& cases);

}  // namespace daemonz::judge
