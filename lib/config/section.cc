#include "config/section.h"

#include <algorithm>
#include <charconv>

#include "base/nearest_word.h"
#include "config/words.h"

namespace daemonz::config {
namespace {

std::string range(std::int64_t least, std::int64_t most) {
  return " (" + std::to_string(least) + ".." + std::to_string(most) + ")";
}

std::optional<std::int64_t> parse_whole(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || code != std::errc{} || end != text.data() + text.size()) return {};
  return number;
}

// YAML 1.1 read 010 as eight, YAML 1.2 reads ten: nobody can know what was meant.
bool has_leading_zero(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

}  // namespace

std::string shown(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return "nothing";
    case Node::Kind::scalar: return in_quotes(node.text);
    case Node::Kind::sequence: return "a list";
    case Node::Kind::map: return "a map";
  }
  return "nothing";
}

Section::Section(Reader& reader, const Node* node, std::string path, Strings strings)
    : reader_(reader), node_(node), path_(std::move(path)), strings_(strings) {
  if (!node_ || node_->kind == Node::Kind::map) return;
  if (node_->kind != Node::Kind::null)
    reader_.fault(*node_, path_, shown(*node_) + " is not a map (KEY: VALUE lines)");
  node_ = nullptr;
}

const Node* Section::find(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  return node_ ? node_->find(key) : nullptr;
}

std::string Section::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void Section::fault(std::string_view key, std::string_view text) {
  const Node* const value = node_ ? node_->find(key) : nullptr;
  if (value)
    reader_.fault(*value, path_of(key), text);
  else if (node_)
    reader_.fault(*node_, path_, text);
}

void Section::note_text(std::string_view key, std::string value, std::string_view from) {
  const Node* const node = node_ ? node_->find(from) : nullptr;
  auto origin = node
                    ? reader_.faults.file(node->place.file) + ":" + std::to_string(node->place.line)
                    : "default";
  reader_.values.note(path_of(key), std::move(value), std::move(origin));
}

std::optional<std::string> Section::scalar(const Node& node, std::string_view path,
                                           std::string_view wanted) {
  if (node.kind != Node::Kind::scalar) {
    reader_.fault(node, path, shown(node) + " is not " + std::string(wanted));
    return {};
  }
  try {
    auto options = reader_.expand;
    options.is_daemon = strings_ == Strings::of_daemon;
    return expand(node.text, options);
  } catch (const ExpandProblem& problem) {
    reader_.fault(node, path, problem.what());
    return {};
  }
}

std::optional<std::string> Section::text_of(std::string_view key) {
  const Node* const node = find(key);
  return node ? scalar(*node, path_of(key), "a text") : std::nullopt;
}

std::optional<std::string> Section::path_value(std::string_view key) {
  const Node* const node = find(key);
  auto text = node ? scalar(*node, path_of(key), "a path") : std::nullopt;
  if (!text) return {};
  if (text->empty()) {
    reader_.fault(*node, path_of(key), "\"\" is not a path");
    return {};
  }
  return reader_.config.resolve(*text);
}

std::optional<bool> Section::boolean_of(std::string_view key) {
  constexpr std::string_view wanted = "true or false";
  const Node* const node = find(key);
  const auto text = node ? scalar(*node, path_of(key), wanted) : std::nullopt;
  if (!text) return {};
  // Ruby's YAML 1.1 files also say yes, no, on and off.
  for (const auto* yes : {"true", "True", "TRUE", "yes", "on"})
    if (*text == yes) return true;
  for (const auto* no : {"false", "False", "FALSE", "no", "off"})
    if (*text == no) return false;
  reader_.fault(*node, path_of(key), in_quotes(*text) + " is not true or false");
  return {};
}

std::optional<Milliseconds> Section::duration_of(std::string_view key) {
  constexpr std::string_view wanted = "a duration (500ms, 5s, 10m, 1h, 2d)";
  const Node* const node = find(key);
  const auto text = node ? scalar(*node, path_of(key), wanted) : std::nullopt;
  if (!text) return {};
  const auto duration = has_leading_zero(*text) ? std::nullopt : parse_duration(*text);
  if (!duration)
    reader_.fault(*node, path_of(key), in_quotes(*text) + " is not " + std::string(wanted));
  return duration;
}

std::optional<Bytes> Section::bytes_of(std::string_view key) {
  constexpr std::string_view wanted = "a size (300, 64K, 32M, 1G)";
  const Node* const node = find(key);
  const auto text = node ? scalar(*node, path_of(key), wanted) : std::nullopt;
  if (!text) return {};
  const auto size = has_leading_zero(*text) ? std::nullopt : parse_bytes(*text);
  if (!size)
    reader_.fault(*node, path_of(key), in_quotes(*text) + " is not " + std::string(wanted));
  return size;
}

std::optional<std::int64_t> Section::whole_of(std::string_view key, std::int64_t least,
                                              std::int64_t most, std::string_view what) {
  const auto wanted = std::string(what) + range(least, most);
  const Node* const node = find(key);
  const auto text = node ? scalar(*node, path_of(key), wanted) : std::nullopt;
  if (!text) return {};
  const auto number = parse_whole(*text);
  if (number && !has_leading_zero(*text) && *number >= least && *number <= most) return number;
  const char* const hint =
      number && has_leading_zero(*text) ? ": write it without leading zeros" : "";
  reader_.fault(*node, path_of(key), in_quotes(*text) + " is not " + wanted + hint);
  return {};
}

void Section::real(std::string_view key, double& target, double least, double most) {
  const Node* const node = find(key);
  const auto wanted = "a number (" + value_text(least) + ".." + value_text(most) + ")";
  const auto text = node ? scalar(*node, path_of(key), wanted) : std::nullopt;
  if (!text) return note(key, target);
  double number = 0;
  const auto [end, code] =
      std::from_chars(text->data(), text->data() + text->size(), number, std::chars_format::fixed);
  const bool is_number = code == std::errc{} && end == text->data() + text->size();
  if (is_number && !has_leading_zero(*text) && number >= least && number <= most)
    target = number;
  else
    reader_.fault(*node, path_of(key), in_quotes(*text) + " is not " + wanted);
  note(key, target);
}

void Section::list(std::string_view key, std::vector<std::string>& target) {
  const Node* const node = find(key);
  if (!node) return;
  std::vector<std::string> found;
  if (node->kind == Node::Kind::scalar) {
    const auto text = scalar(*node, path_of(key), "a list");
    if (!text) return;
    found.push_back(*text);
  } else if (node->kind == Node::Kind::sequence) {
    for (std::size_t i = 0; i < node->items.size(); ++i)
      if (auto text =
              scalar(node->items[i], path_of(key) + "[" + std::to_string(i) + "]", "a text"))
        found.push_back(std::move(*text));
  } else {
    reader_.fault(*node, path_of(key), shown(*node) + " is not a list");
    return;
  }
  target = std::move(found);
  note(key, target);
}

bool Section::words(std::string_view key, std::vector<std::string>& target) {
  const Node* const node = find(key);
  if (!node) return false;
  if (node->kind == Node::Kind::sequence) {
    list(key, target);
    return true;
  }
  if (node->kind == Node::Kind::null) {  // `stop_args:` with nothing behind it
    target.clear();
    return true;
  }
  const auto text = scalar(*node, path_of(key), "a command (a list of words, or one string)");
  if (!text) return true;
  auto split = split_shell_words(*text);
  if (split)
    target = std::move(*split);
  else
    reader_.fault(*node, path_of(key), in_quotes(*text) + " has a quote that is not closed");
  note(key, target);
  return true;
}

void Section::count(std::string_view key, int& target, int least, int most, bool* is_per_core) {
  const Node* const node = find(key);
  if (!node) return note(key, target);
  if (node->kind == Node::Kind::scalar && node->text == "cores") {
    target = reader_.cores;
    if (is_per_core) *is_per_core = true;
    return note(key, std::to_string(target) + " (cores)");
  }
  whole(key, target, least, most, "`cores` or a number");
}

std::optional<std::size_t> Section::choice_of(std::string_view key,
                                              const std::vector<std::string>& names) {
  const Node* const node = find(key);
  const auto wanted = "one of " + comma_list(names);
  const auto text = node ? scalar(*node, path_of(key), wanted) : std::nullopt;
  if (!text) return {};
  const auto found = std::find(names.begin(), names.end(), *text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  reader_.fault(*node, path_of(key), in_quotes(*text) + " is not " + wanted);
  return {};
}

const Node* Section::map_of(std::string_view key) {
  const Node* const node = find(key);
  if (!node || node->kind == Node::Kind::map) return node;
  if (node->kind != Node::Kind::null)
    reader_.fault(*node, path_of(key), shown(*node) + " is not a map (NAME: {...} entries)");
  return nullptr;
}

void Section::done() {
  if (!node_) return;
  for (const auto& [key, value] : node_->entries) {
    if (std::find(known_.begin(), known_.end(), key.text) != known_.end()) continue;
    const std::vector<std::string_view> known(known_.begin(), known_.end());
    const auto near = nearest_word(key.text, known);
    const auto hint = near ? "did you mean \"" + *near + "\"?" : "known: " + comma_list(known_);
    reader_.fault(key, path_, in_quotes(key.text) + " is not a known key (" + hint + ")");
  }
}

}  // namespace daemonz::config
