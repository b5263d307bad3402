// problem.yaml of all versions of the package format, read into a Package: version, kind of
// problem, flags, limits, languages. Not the test data (test_data.h). Follows sandbox.md,
// "problem.yaml", and the format's "Problem metadata".
#pragma once

#include "base/json.h"
#include "judge/package.h"

namespace daemonz::judge {

/// Fills in what problem.yaml says; package.root is known, and so is is_there(output validators).
/// Throws Error: an unknown version, a kind of problem that is not judged, a value out of range.
void read_problem_yaml(const json::value& value, Package& package);

/// Throws Error that names `file` when the default validator does not know these flags.
void check_flags(const Package& package, const std::vector<std::string>& flags,
                 const std::filesystem::path& file);

}  // namespace daemonz::judge
