// What a Java source says of itself: its package, its public type, which of its types can be
// started. Not a parser of Java: comments and literals are passed over, braces are counted. Follows
// the Java Language Specification, 3 (lexical structure), 7.6 (file names) and 12.1.4 (main).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace daemonz::judge {

/// A value.
struct JavaSource {
  std::string package;                 ///< "a.b"; empty: none
  std::string public_type;             ///< its file must be called so; empty: none
  std::vector<std::string> startable;  ///< top-level types with static void main, as declared

  /// "a.b.Main" for "Main".
  [[nodiscard]] std::string qualified(const std::string& type) const {
    return package.empty() ? type : package + "." + type;
  }
};

/// Never throws; of what is not Java it says something.
[[nodiscard]] JavaSource scan_java(std::string_view text);

}  // namespace daemonz::judge
