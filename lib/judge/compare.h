// The default output validator: two streams of bytes, token by token. Pure but for reading the two
// descriptors; memory is bounded whatever the size of the answer. Follows the package format,
// "Default Output Validator Specification", as the reference implementation reads it: numbers that
// are not finite are words. The cases stand in tests/judge/float_pairs.txt.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "judge/number.h"

namespace daemonz::judge {

struct CompareOptions {
  bool is_case_sensitive = false;
  bool is_space_change_sensitive = false;
  std::optional<Number> relative_tolerance;
  std::optional<Number> absolute_tolerance;
  NumberGrammar grammar = NumberGrammar::c;
};

/// From validator_flags: case_sensitive, space_change_sensitive, float_tolerance E,
/// float_relative_tolerance E, float_absolute_tolerance E. Of a flag that stands there twice the
/// last counts; with the grammar `decimal` (versions since 2023-07) twice is an error. Throws Error
/// that names the flag.
[[nodiscard]] CompareOptions parse_compare_options(const std::vector<std::string>& flags,
                                                   NumberGrammar grammar = NumberGrammar::c);

/// nullopt: the output is right. Otherwise where and how it differs, in one printable line.
using Difference = std::optional<std::string>;

/// Compares the whole of two seekable files (offsets are not moved). Throws Error when reading
/// fails.
[[nodiscard]] Difference compare(int answer_fd, int output_fd, const CompareOptions& options);

}  // namespace daemonz::judge
