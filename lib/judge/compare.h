// The default output validator: two streams of bytes, token by token. Pure but for reading the two
// descriptors; memory is bounded whatever the size of the answer. Follows the legacy package
// format, "Default Output Validator Specification"; numbers that are not finite are words, as in
// the reference implementation.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace daemonz::judge {

struct CompareOptions {
  bool is_case_sensitive = false;
  bool is_space_change_sensitive = false;
  std::optional<long double> relative_tolerance;
  std::optional<long double> absolute_tolerance;
};

/// From validator_flags: case_sensitive, space_change_sensitive, float_tolerance E,
/// float_relative_tolerance E, float_absolute_tolerance E. Throws Error that names the flag.
[[nodiscard]] CompareOptions parse_compare_options(const std::vector<std::string>& flags);

/// nullopt: the output is right. Otherwise where and how it differs, in one printable line.
using Difference = std::optional<std::string>;

/// Compares the whole of two seekable files (offsets are not moved). Throws Error when reading
/// fails.
[[nodiscard]] Difference compare(int answer_fd, int output_fd, const CompareOptions& options);

}  // namespace daemonz::judge
