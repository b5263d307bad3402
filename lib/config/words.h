// Private to config: small work on words. Shell-word splitting without a shell, and the nearest
// known word for "did you mean".
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

/// The word of `known` that a typing error away could have become `word`; nullopt: none is near.
[[nodiscard]] std::optional<std::string> nearest_word(std::string_view word,
                                                      std::span<const std::string> known);

/// "a, b, c".
[[nodiscard]] std::string comma_list(std::span<const std::string> words);

/// [A-Za-z0-9_-], not with - in front, at most 64.
[[nodiscard]] bool is_daemon_name(std::string_view name);

}  // namespace daemonz::config
