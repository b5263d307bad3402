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

/// A value. Threads: any.
struct Submission {
  std::string name;            ///< as reported: relative to submissions/, no trailing slash
  std::vector<Entry> files;    ///< one file, or all below a folder (names relative to it)
  std::filesystem::path path;  ///< the file or folder itself, canonical
  ProgramHints hints;          ///< the package's, if it has any
};

/// Reads a file or a folder. Links out of `root` are refused. Throws Error: cannot be read, no
/// file in it, too many or too large files.
[[nodiscard]] Submission read_submission(const std::filesystem::path& path, std::string name,
                                         const std::filesystem::path& root);

/// The verdicts that the author allows: from the one tag in its files, else from its folder (the
/// first part of its name). nullopt: unlabelled (no tag and no known folder, two tags, or a tag
/// that leaves it open). `verdict in *expected(s)` is exactly "as labelled".
[[nodiscard]] std::optional<std::vector<Verdict>> expected(const Submission& submission);

}  // namespace daemonz::judge
