#include "judge/java.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace daemonz::judge {
namespace {

bool is_word_byte(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return std::isalnum(value) != 0 || value == '_' || value == '$' || value >= 0x80;
}

/// Words and single signs; comments and literals are passed over.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  /// Empty: the end.
  std::string_view next() {
    while (!text_.empty()) {
      if (skip_comment() || skip_literal()) continue;
      if (std::isspace(static_cast<unsigned char>(text_[0])) != 0) {
        text_.remove_prefix(1);
        continue;
      }
      const auto end = std::ranges::find_if_not(text_, is_word_byte);
      return take(std::max<std::size_t>(1, static_cast<std::size_t>(end - text_.begin())));
    }
    return {};
  }

 private:
  std::string_view take(std::size_t size) {
    const auto word = text_.substr(0, size);
    text_.remove_prefix(word.size());
    return word;
  }
  void skip_past(std::string_view ending, std::size_t from) {
    const auto end = text_.find(ending, from);
    take(end == std::string_view::npos ? text_.size() : end + ending.size());
  }
  bool skip_comment() {
    if (text_.starts_with("//")) {
      skip_past("\n", 2);
    } else if (text_.starts_with("/*")) {
      skip_past("*/", 2);
    } else {
      return false;
    }
    return true;
  }
  bool skip_literal() {
    constexpr std::string_view block = "\"\"\"";
    const auto quote = text_.starts_with(block) ? block : text_.substr(0, 1);
    if (quote[0] != '"' && quote[0] != '\'') return false;
    for (take(quote.size()); !text_.empty() && !text_.starts_with(quote);) {
      if (quote.size() == 1 && text_[0] == '\n') return true;  // not Java; no harm
      take(text_[0] == '\\' ? 2 : 1);
    }
    take(quote.size());
    return true;
  }

  std::string_view text_;
};

bool begins_type(std::string_view word) {
  constexpr std::array<std::string_view, 4> kinds{"class", "interface", "enum", "record"};
  return std::ranges::find(kinds, word) != kinds.end();
}

/// Follows the words of one file.
class Scan {
 public:
  JavaSource run(std::string_view text) {
    Words words(text);
    for (auto word = words.next(); !word.empty(); word = words.next()) {
      if (word == "{") {
        ++depth_;
        begin_declaration();
      } else if (word == "}") {
        depth_ = std::max(0, depth_ - 1);
        begin_declaration();
      } else if (word == ";") {
        begin_declaration();
      } else if (depth_ == 0) {
        top_level(word);
      } else if (depth_ == 1) {
        member(word);
      }
      previous_ = word;
    }
    return source_;
  }

 private:
  void begin_declaration() { is_public_ = is_static_ = is_package_ = is_main_ = false; }

  void top_level(std::string_view word) {
    if (word == "package") {
      is_package_ = true;
    } else if (is_package_) {
      source_.package += word;
    } else if (word == "public") {
      is_public_ = true;
    } else if (begins_type(previous_) && is_word_byte(word[0])) {
      type_ = word;
      if (is_public_) source_.public_type = word;
    }
  }

  void member(std::string_view word) {
    if (word == "static") is_static_ = true;
    if (word == "(" && is_main_ && is_static_ &&
        std::ranges::find(source_.startable, type_) == source_.startable.end())
      source_.startable.push_back(type_);
    is_main_ = word == "main" && previous_ == "void";
  }

  JavaSource source_;
  std::string type_;
  std::string_view previous_;
  int depth_ = 0;
  bool is_public_ = false, is_static_ = false, is_package_ = false, is_main_ = false;
};

}  // namespace

JavaSource scan_java(std::string_view text) { return Scan().run(text); }

}  // namespace daemonz::judge
