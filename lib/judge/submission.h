// One submission as it lies on disk: a file or a folder, with its language, its entry and what its
// author expects of it. Not its compilation (compile.h) and not its verdict (judge.h). Follows
// sandbox.md, "Submissions" and "Labels".
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "judge/files.h"
#include "judge/language.h"
#include "judge/verdict.h"

namespace daemonz::judge {

inline constexpr std::size_t submission_files_max = 100;  ///< each costs a descriptor in a run
inline constexpr Bytes source_size_max = mebibytes(16);   ///< of one file; larger is no source

/// What submissions.yaml permits on some cases. A crash permits every limit of a crash.
struct CaseRule {
  std::string pattern;  ///< of cases and groups ("secret/*-hard"); empty: all cases
  std::vector<Verdict> permitted, required;
};

/// A value. Threads: any.
struct Submission {
  std::string name;            ///< as reported: relative to submissions/, no trailing slash
  std::vector<Entry> files;    ///< one file, or all below a folder (names relative to it)
  std::filesystem::path path;  ///< the file or folder itself, canonical
  // What submissions.yaml and submissions.json say besides:
  ProgramHints hints;
  std::optional<std::vector<Verdict>> label;  ///< beats tag and folder
  std::vector<CaseRule> case_rules;           ///< beside the label
  std::optional<bool> is_measured;  ///< for the time limit; nullopt: if it is labelled accepted
};

/// Reads a file or a folder. Links out of `root` are refused. Throws Error: cannot be read, no
/// file in it, too many or too large files.
[[nodiscard]] Submission read_submission(const std::filesystem::path& path, std::string name,
                                         const std::filesystem::path& root);

/// The verdicts that the author allows: its label, else from the one tag in its files, else from
/// its folder (the first part of its name). nullopt: unlabelled (no tag and no known folder, two
/// tags, or a tag that leaves it open). A verdict that is in it is as labelled, as long as no case
/// contradicts its rule (submission_rules.h).
[[nodiscard]] std::optional<std::vector<Verdict>> expected(const Submission& submission);

}  // namespace daemonz::judge
