#include "config/words.h"

#include <algorithm>

namespace daemonz::config {
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
