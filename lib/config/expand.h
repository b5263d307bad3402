// Private to config: ${...} in the strings of daemonz.yml.
// Capitals are environment variables: ${NAME}, ${NAME:-default}. Small letters are ours:
// ${root_path}, ${environment}, and inside a daemon ${name}, ${index}, ${instance}, ${port}.
// $${ is a literal ${. Everything else with ${ is a fault.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace daemonz::config {

/// A text that cannot be expanded; becomes a fault with the place of the text. Threads: any.
class ExpandProblem : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What the small names stand for; absent ones are not known here.
using Builtins = std::map<std::string, std::string, std::less<>>;

struct ExpandOptions {
  const std::map<std::string, std::string>* variables = nullptr;  ///< nullptr: getenv(3)
  const Builtins* builtins = nullptr;
  /// Inside a daemon: ${name} and the like, and $${, stay for for_instance() to replace.
  bool is_daemon = false;
};

/// Throws ExpandProblem.
[[nodiscard]] std::string expand(std::string_view text, const ExpandOptions& options);

/// The second pass, for one instance: replaces `builtins` and $${, leaves what it does not know.
[[nodiscard]] std::string expand_instance(std::string_view text, const Builtins& builtins);

}  // namespace daemonz::config
