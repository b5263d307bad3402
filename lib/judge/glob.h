// Patterns of submissions.yaml: `*` stands for any bytes but '/', `{a,b}` for either; nothing else
// is special. Follows the package format, "Glob patterns". Time is bounded whatever the pattern.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace daemonz::judge {

inline constexpr std::size_t alternatives_max = 1'000;  ///< of one pattern's braces

/// "{a,b}.{c,py}" -> "a.c", "a.py", "b.c", "b.py". A brace without its partner is a byte. Throws
/// Error: more than alternatives_max.
[[nodiscard]] std::vector<std::string> expand_braces(const std::string& pattern);

/// `path` as a whole, or a folder above it, matches `pattern` (which may end with '/').
[[nodiscard]] bool matches_glob(const std::string& pattern, std::string_view path);

}  // namespace daemonz::judge
