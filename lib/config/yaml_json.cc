#include "config/yaml_json.h"

#include <charconv>
#include <limits>
#include <optional>

#include "config/node_json.h"

namespace daemonz::config {
namespace {

std::optional<std::int64_t> parse_base(std::string_view digits, int base) {
  std::int64_t number = 0;
  const auto [end, code] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  const bool is_number = !digits.empty() && digits.front() != '-' && code == std::errc{} &&
                         end == digits.data() + digits.size();
  return is_number ? std::optional(number) : std::nullopt;
}

// [-+]?[0-9]+, 0o17, 0x1F; but 010 stays a string: eight or ten, nobody can know.
std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (text.starts_with("0o")) return parse_base(text.substr(2), 8);
  if (text.starts_with("0x")) return parse_base(text.substr(2), 16);
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.size() > 1 && text.front() == '0') return {};
  const auto number = parse_base(text, 10);
  return number && is_negative ? std::optional(-*number) : number;
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?; not .inf and .nan, which JSON lacks.
std::optional<double> parse_real(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto unsigned_text = text.starts_with('-') ? text.substr(1) : text;
  const auto digits = unsigned_text.substr(0, unsigned_text.find_first_not_of("0123456789"));
  if (digits.size() > 1 && digits.front() == '0') return {};
  const auto first = unsigned_text.find_first_of("0123456789");
  if (first == std::string_view::npos || first > 1 || (first == 1 && unsigned_text[0] != '.'))
    return {};
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return {};
  return number;
}

json::value typed(const Node& node) {
  const std::string_view text = node.text;
  if (node.is_quoted) return json::value(text);
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (const auto number = parse_integer(text)) return *number;
  if (const auto number = parse_real(text)) return *number;
  return json::value(text);
}

json::value parsed(std::string_view text, FaultLog& faults, int file) {
  const auto root = parse_yaml(text, file, SymbolKeys::kept, faults);
  faults.throw_if_any();
  return to_json(root);
}

}  // namespace

json::value to_json(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return {};
    case Node::Kind::scalar: return typed(node);
    case Node::Kind::sequence: {
      json::array items;
      for (const auto& item : node.items) items.push_back(to_json(item));
      return items;
    }
    case Node::Kind::map: break;
  }
  json::object object;
  for (const auto& [key, value] : node.entries) object.emplace(key.text, to_json(value));
  return object;
}

json::value yaml_text_as_json(std::string_view text, std::string_view where) {
  FaultLog faults;
  const int file = faults.add_file(std::string(where));
  return parsed(text, faults, file);
}

json::value yaml_file_as_json(const std::string& path) {
  FaultLog faults;
  const int file = faults.add_file(path);
  const auto text = read_file(path, file, faults);
  faults.throw_if_any();
  return parsed(text, faults, file);
}

}  // namespace daemonz::config
