#include "config/values.h"

namespace daemonz::config {

std::string value_text(double value) {
  auto text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// SCHEME://USER:PASSWORD@HOST; the last @, as a password may hold one.
std::string value_text(std::string_view value) {
  if (value.empty()) return "none";
  std::string text(value);
  const auto scheme = text.find("://");
  if (scheme == std::string::npos) return text;
  const auto host = text.rfind('@');
  const auto colon = text.find(':', scheme + 3);
  if (host != std::string::npos && colon < host) text.replace(colon + 1, host - colon - 1, "***");
  return text;
}

std::string value_text(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) {
    const bool is_quoted = word.empty() || word.find_first_of(" \t\n'") != std::string::npos;
    text.append(text.empty() ? "" : " ").append(is_quoted ? "\"" + word + "\"" : word);
  }
  return text.empty() ? "none" : text;
}

void ValueList::note(std::string key, std::string value, std::string from) {
  const auto [known, is_new] = places_.try_emplace(key, values_->size());
  if (is_new) values_->emplace_back();
  (*values_)[known->second] = {std::move(key), std::move(value), std::move(from)};
}

}  // namespace daemonz::config
