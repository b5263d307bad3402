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

/// The same for `course results --json`: before it "problem", "id" and "attempts".
[[nodiscard]] json::object to_full_json(const ResultRow& row);

/// Columns: submission, expected, verdict, ok, cpu, memory, case, note (its first line).
void print_table(std::ostream& out, const std::vector<ResultRow>& rows);

/// "12 submissions: 10 as labelled, 1 not, 1 unlabelled"
[[nodiscard]] std::string summary(const std::vector<ResultRow>& rows);

}  // namespace daemonz::course
