// Private to config: values as people write them, for the table that `daemonz check` prints.
// Recorded while a file is read, so that no key can be forgotten. Not a way back to YAML.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/units.h"
#include "config/config.h"

namespace daemonz::config {

[[nodiscard]] inline std::string value_text(bool value) { return value ? "true" : "false"; }
template <std::integral T>
[[nodiscard]] std::string value_text(T value) {
  return std::to_string(value);
}
[[nodiscard]] inline std::string value_text(Milliseconds value) { return to_string(value); }
[[nodiscard]] inline std::string value_text(Bytes value) { return to_string(value); }
[[nodiscard]] std::string value_text(double value);  ///< "1.5"
/// "none" for the empty one. A password in a URL becomes ***.
[[nodiscard]] std::string value_text(std::string_view value);
[[nodiscard]] inline std::string value_text(const std::string& value) {
  return value_text(std::string_view(value));
}
/// Words with blanks in them stand in quotes.
[[nodiscard]] std::string value_text(const std::vector<std::string>& words);
template <class T>
[[nodiscard]] std::string value_text(const std::optional<T>& value) {
  return value ? value_text(*value) : "none";
}

/// What a load records. Threads: one.
class ValueList {
 public:
  explicit ValueList(std::vector<Value>* values) : values_(values) {}
  [[nodiscard]] bool is_wanted() const { return values_ != nullptr; }
  /// A key that was recorded before is said anew, in its place.
  void note(std::string key, std::string value, std::string from);

 private:
  std::vector<Value>* values_;
  std::unordered_map<std::string, std::size_t> places_;  // of the keys in *values_
};

}  // namespace daemonz::config
