#include "config/outline.h"

#include <algorithm>

namespace daemonz::config {
namespace {

bool is_daemons_key(std::string_view line) {
  if (line.starts_with(':')) line.remove_prefix(1);  // a Ruby symbol
  constexpr std::string_view key = "daemons:";
  if (!line.starts_with(key)) return false;
  line.remove_prefix(key.size());
  return line.empty() || line.front() == ' ' || line.front() == '\t' || line.front() == '\r';
}

// Deeper, empty, a comment, or an element of a list that is not indented.
bool is_below(std::string_view line) {
  if (line.empty()) return true;
  const bool is_document_mark = line.starts_with("---");
  return std::string_view(" \t#\r-").find(line.front()) != std::string_view::npos &&
         !is_document_mark;
}

}  // namespace

std::string without_daemons(std::string_view text) {
  std::string outline;
  bool is_in_daemons = false;
  while (!text.empty()) {
    const auto size = std::min(text.find('\n'), text.size() - 1) + 1;
    const auto line = text.substr(0, text[size - 1] == '\n' ? size - 1 : size);
    is_in_daemons = is_daemons_key(line) || (is_in_daemons && is_below(line));
    if (!is_in_daemons) outline.append(line).append(1, '\n');
    text.remove_prefix(size);
  }
  return outline;
}

}  // namespace daemonz::config
