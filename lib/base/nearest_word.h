// The known word that a mistyped one was meant to be, for "did you mean". Not a spelling checker.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace daemonz {

/// The word of `known` that a typing error away could have become `word`: a letter added, dropped,
/// changed or swapped with its neighbour, about one in three letters. nullopt: none is near.
/// Threads: any.
[[nodiscard]] std::optional<std::string> nearest_word(std::string_view word,
                                                      std::span<const std::string_view> known);

}  // namespace daemonz
