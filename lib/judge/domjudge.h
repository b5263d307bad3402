// DOMjudge's additions to a package: `.timelimit` and `domjudge-problem.ini`. Its submissions.json
// is read with the labels (submission_rules.h). Follows sandbox.md, "problem.yaml".
#pragma once

#include <filesystem>
#include <optional>

#include "base/units.h"

namespace daemonz::judge {

/// Seconds that one of the two files names; domjudge-problem.ini counts more. nullopt: neither
/// does. Throws Error that names the file: no number above 0.
[[nodiscard]] std::optional<Milliseconds> domjudge_time_limit(const std::filesystem::path& root);

}  // namespace daemonz::judge
