// Private to config: small work on words. Shell-word splitting without a shell, lists, names.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace daemonz::config {

/// Splits as sh(1) splits words: blanks, '..', "..", backslash. No variables, globs, pipes: those
/// characters are ordinary. nullopt: a quote is not closed, or a backslash ends the text.
[[nodiscard]] std::optional<std::vector<std::string>> split_shell_words(std::string_view text);

/// "a, b, c".
[[nodiscard]] std::string comma_list(std::span<const std::string> words);

/// [A-Za-z0-9_-], not with - in front, at most 64.
[[nodiscard]] bool is_daemon_name(std::string_view name);

}  // namespace daemonz::config
