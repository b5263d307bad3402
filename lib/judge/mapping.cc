#include "judge/mapping.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/nearest_word.h"
#include "judge/files.h"

namespace daemonz::judge {
namespace {

constexpr std::size_t shown_max = 40;  // bytes of a value in a message

std::string shown(double number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return {text.data(), end};
}

/// As people write it: JSON's own form of 0.1 is "1E-1".
std::string text_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  return value.is_double() ? shown(value.get_double()) : json::serialize(value);
}

std::optional<std::vector<std::string>> arguments_in(const json::value& value) {
  if (const auto* text = value.if_string()) return words(std::string_view(*text));
  if (value.is_number()) return std::vector{text_of(value)};
  if (const auto* list = value.if_array()) {
    std::vector<std::string> found;
    for (const auto& item : *list) {
      if (item.is_structured()) return std::nullopt;
      found.push_back(text_of(item));
    }
    return found;
  }
  if (const auto* object = value.if_object())
    if (const auto* flags = object->if_contains("flags"); flags && !flags->is_object())
      return arguments_in(*flags);
  return std::nullopt;
}

}  // namespace

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  constexpr std::string_view blanks = " \t\r\n";
  while (true) {
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return found;
    text.remove_prefix(first);
    const auto length = std::min(text.find_first_of(blanks), text.size());
    found.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
}

std::optional<double> number_in(std::string_view text) {
  double number = 0;
  const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || rest != text.data() + text.size() || !std::isfinite(number))
    return std::nullopt;
  return number;
}

Milliseconds seconds(double count) {
  return Milliseconds(static_cast<std::int64_t>(std::llround(count * 1000)));
}

Mapping::Mapping(const json::value& value, std::filesystem::path file) : file_(std::move(file)) {
  if (value.is_object()) {
    object_ = &value.get_object();
  } else if (!value.is_null()) {
    fail("is not a mapping of keys to values");
  }
}

const json::value* Mapping::find(std::string_view key) const {
  const auto* value = object_ ? object_->if_contains(key) : nullptr;
  return value && !value->is_null() ? value : nullptr;
}

std::optional<std::string> Mapping::text(std::string_view key) const {
  const auto* value = find(key);
  if (!value) return std::nullopt;
  if (value->is_primitive()) return text_of(*value);
  fail("\"" + std::string(key) + "\" must be one text");
}

std::optional<bool> Mapping::boolean(std::string_view key) const {
  const auto written = text(key);
  if (!written) return std::nullopt;
  if (*written == "true" || *written == "false") return *written == "true";
  fail("\"" + std::string(key) + "\" must be true or false, found \"" +
       printable(*written, shown_max) + "\"");
}

std::optional<double> Mapping::number(std::string_view key, Range range) const {
  const auto written = text(key);
  if (!written) return std::nullopt;
  const auto number = number_in(*written);
  if (!number || *number < range.least || *number > range.most)
    fail("\"" + std::string(key) + "\" must be a number from " + shown(range.least) + " to " +
         shown(range.most) + ", found \"" + printable(*written, shown_max) + "\"");
  return number;
}

std::vector<std::string> Mapping::texts(std::string_view key) const {
  const auto* value = find(key);
  if (!value) return {};
  if (value->is_primitive()) return {text_of(*value)};
  std::vector<std::string> found;
  if (const auto* list = value->if_array())
    for (const auto& item : *list)
      if (item.is_primitive()) found.push_back(text_of(item));
  if (found.empty() || found.size() != value->get_array().size())
    fail("\"" + std::string(key) + "\" must be one text or a list of texts");
  return found;
}

std::optional<std::vector<std::string>> Mapping::arguments(std::string_view key) const {
  const auto* value = find(key);
  if (!value) return std::nullopt;
  auto found = arguments_in(*value);
  if (!found) fail("\"" + std::string(key) + "\" must be one text or a list of texts");
  return found;
}

void Mapping::note_unknown_keys(const std::vector<std::string_view>& known,
                                std::vector<std::string>& notes) const {
  if (!object_) return;
  for (const auto& [key, ignored] : *object_) {
    if (std::ranges::find(known, std::string_view(key)) != known.end()) continue;
    const auto meant = nearest_word(key, known);
    notes.push_back(file_.filename().string() + ": the key \"" + printable(key, shown_max) +
                    "\" is not known and passed over" +
                    (meant ? "; did you mean \"" + *meant + "\"?" : ""));
  }
}

void Mapping::fail(std::string what, std::string hint) const {
  throw Error(ErrorText{.what = std::move(what), .where = file_, .hint = std::move(hint)});
}

}  // namespace daemonz::judge
