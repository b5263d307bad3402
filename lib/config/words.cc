#include "config/words.h"

#include <algorithm>
#include <numeric>

namespace daemonz::config {
namespace {

// Edits (insert, delete, replace, swap of neighbours) between two words.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = std::exchange(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::vector<std::string>> split_shell_words(std::string_view text) {
  std::vector<std::string> words;
  bool is_inside = false;  // of a word, which may be empty ('')
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      is_inside = false;
      continue;
    }
    if (!is_inside) words.emplace_back();
    is_inside = true;
    if (c == '\\' && quote != '\'') {
      if (i + 1 == text.size()) return {};
      const char next = text[++i];
      // POSIX 2.2.3: inside "" a backslash escapes only these.
      const bool is_escape =
          quote == 0 || std::string_view("$`\"\\\n").find(next) != std::string_view::npos;
      if (!is_escape) words.back() += '\\';
      if (next != '\n') words.back() += next;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) return {};
  return words;
}

std::optional<std::string> nearest_word(std::string_view word, std::span<const std::string> known) {
  constexpr std::size_t word_max = 64;  // nobody mistypes a longer word into one of ours
  if (word.size() > word_max) return {};
  std::optional<std::string> nearest;
  auto nearest_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const auto& candidate : known) {
    const auto edits = distance(word, candidate);
    if (edits < nearest_distance && edits < candidate.size()) {
      nearest = candidate;
      nearest_distance = edits;
    }
  }
  return nearest;
}

std::string comma_list(std::span<const std::string> words) {
  std::string text;
  for (const auto& word : words) text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

bool is_daemon_name(std::string_view name) {
  constexpr std::size_t name_max = 64;  // it becomes part of file, FIFO and cgroup names
  const auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= name_max && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), is_good);
}

}  // namespace daemonz::config
