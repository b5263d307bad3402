// One YAML mapping of a package, read key by key; its errors name file and key, and a key that
// nobody asked for is noted, with the one that may have been meant. Not YAML itself (ReadYaml).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/units.h"

namespace daemonz::judge {

/// The words of a text, split at blanks and line ends.
[[nodiscard]] std::vector<std::string> words(std::string_view text);

/// The whole of `text` is one finite decimal number.
[[nodiscard]] std::optional<double> number_in(std::string_view text);

[[nodiscard]] Milliseconds seconds(double count);

/// Scalars may be text or typed; null is as good as missing. The value must outlive the mapping.
/// Threads: any.
class Mapping {
 public:
  /// Throws Error when `value` is neither a mapping nor null.
  Mapping(const json::value& value, std::filesystem::path file);

  [[nodiscard]] const json::value* find(std::string_view key) const;
  [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
  [[nodiscard]] std::optional<bool> boolean(std::string_view key) const;
  struct Range {
    double least, most;
  };
  [[nodiscard]] std::optional<double> number(std::string_view key, Range range) const;
  /// One text, or a list of texts.
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
  /// Arguments of a program: a text is split at blanks, a list is taken word by word, and a map
  /// (legacy: name and flags) counts by its flags. nullopt: the key is missing.
  [[nodiscard]] std::optional<std::vector<std::string>> arguments(std::string_view key) const;

  /// A note for every key that is not in `known`.
  void note_unknown_keys(const std::vector<std::string_view>& known,
                         std::vector<std::string>& notes) const;

  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }
  [[noreturn]] void fail(std::string what, std::string hint = {}) const;

 private:
  const json::object* object_ = nullptr;
  std::filesystem::path file_;
};

}  // namespace daemonz::judge
