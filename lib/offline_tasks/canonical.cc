// canonical_bytes of signing.h: a walk over the text, not over parsed values. A number that was
// read and written again need not look the same, in this language or another.
#include <map>

#include "base/error.h"
#include "offline_tasks/signing.h"

namespace daemonz::offline_tasks {
namespace {

/// Walks a text that json::parse has accepted: only what it allows can stand here.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  /// `path` ends with the members' names on the way here: "/sig" inside the signature.
  std::string value(const std::string& path) {
    skip_blanks();
    if (text_[at_] == '{') return object(path);
    if (text_[at_] == '[') return array(path);
    return text_[at_] == '"' ? string_token() : plain_token();
  }

 private:
  std::string object(const std::string& path) {
    std::map<std::string, std::string> members;  // by name as it is written, quotes included
    ++at_;
    for (skip_blanks(); text_[at_] != '}'; skip_blanks()) {
      auto name = string_token();
      skip_blanks();
      ++at_;  // the colon
      const bool is_mac = path == "/\"sig\"" && name == "\"mac\"";
      auto text = value(path + "/" + name);
      if (!is_mac && !members.emplace(name, std::move(text)).second)
        throw Error("two members have the name " + name);
      skip_comma();
    }
    ++at_;
    std::string written = "{";
    for (const auto& [name, text] : members)
      written += (written.size() > 1 ? "," : "") + name + ":" + text;
    return written + "}";
  }

  std::string array(const std::string& path) {
    std::string written = "[";
    ++at_;
    for (skip_blanks(); text_[at_] != ']'; skip_blanks()) {
      written += (written.size() > 1 ? "," : "") + value(path + "/[]");
      skip_comma();
    }
    ++at_;
    return written + "]";
  }

  std::string string_token() {
    const auto begin = at_++;
    while (text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    return std::string(text_.substr(begin, ++at_ - begin));
  }

  std::string plain_token() {  // a number, true, false, null
    const auto begin = at_;
    at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    return std::string(text_.substr(begin, at_ - begin));
  }

  void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  void skip_comma() {
    skip_blanks();
    if (text_[at_] == ',') ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string canonical_bytes(std::string_view text) {
  if (!json::parse(text).is_object()) throw Error("only an object can be signed");
  return Walk(text).value("");
}

}  // namespace daemonz::offline_tasks
