// What people and scripts read about judged submissions: one JSON object per line, an aligned
// table. Text only; the caller owns the streams. Follows cli.md, row `course`.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "course/store.h"

namespace daemonz::course {

/// True: as labelled. nullopt: unlabelled, skipped, or not judged yet.
[[nodiscard]] std::optional<bool> is_as_labelled(const ResultRow& row);

/// The object of `course judge --json`; fields exactly as in cli.md, in that order.
[[nodiscard]] json::object to_json(const ResultRow& row);

/// The same for `course results --json`: before it "problem", "id" and "attempts", behind it
/// "compiler" (what the compiler said), "round" (of the rejudge; 0: none) and "before" (the verdict
/// that was replaced, or null).
[[nodiscard]] json::object to_full_json(const ResultRow& row);

/// Columns: submission, expected, verdict, ok, cpu, memory, case, note (its first line).
void print_table(std::ostream& out, const std::vector<ResultRow>& rows);

/// The same with the submission's id in front: what `course show ID` takes.
void print_results(std::ostream& out, const std::vector<ResultRow>& rows);

/// Columns: id, submission, before, after, changed, cpu, memory, note. A verdict that is missing
/// is "-": never judged before, or not again.
void print_rejudge(std::ostream& out, const std::vector<ResultRow>& rows);

/// All of one submission: verdict, note, compiler's text, time and memory of each case.
void print_whole(std::ostream& out, const ResultRow& row);

/// "12 submissions: 10 as labelled, 1 not, 1 unlabelled"
[[nodiscard]] std::string summary(const std::vector<ResultRow>& rows);

/// "40 judged again: 3 changed"; what was not: ", 1 could not be judged".
[[nodiscard]] std::string rejudge_summary(const std::vector<ResultRow>& rows);

}  // namespace daemonz::course
