#include "config/erb.h"

#include <algorithm>

namespace daemonz::config {
namespace {

constexpr std::string_view blanks = " \t\r\n";

// Reads one expression from front to back; each take_ function leaves the rest.
class Expression {
 public:
  Expression(std::string_view text, const ErbValues& values) : rest_(text), values_(values) {}

  /// nullopt: not one of the forms above.
  std::optional<std::string> value() {
    auto found = term();
    skip_blanks();
    if (found.is_known && take("||")) {
      const auto fallback = literal();
      if (!fallback) return {};
      if (!found.text) found.text = fallback;
    }
    skip_blanks();
    if (!found.is_known || !rest_.empty()) return {};
    return found.text.value_or("");  // as Ruby prints nil
  }

 private:
  struct Term {
    bool is_known = false;
    std::optional<std::string> text;  // nullopt: nil
  };

  Term term() {
    skip_blanks();
    if (take("Rails.root.join(")) return joined();
    if (take("Rails.root.to_s") || take("Rails.root") || take("RAILS_ROOT"))
      return {true, values_.root_path};
    if (take("Rails.env") || take("RAILS_ENV")) return {true, values_.environment};
    if (!take("ENV[")) return {};
    const auto name = literal();
    if (!name || !take("]")) return {};
    return {true, values_.variable(*name)};
  }

  Term joined() {
    auto path = values_.root_path;
    do {
      const auto part = literal();
      if (!part) return {};
      path += "/" + *part;
      skip_blanks();
    } while (take(","));
    if (!take(")")) return {};
    static_cast<void>(take(".to_s"));
    return {true, path};
  }

  // 'x' or "x", without escapes and without #{}.
  std::optional<std::string> literal() {
    skip_blanks();
    if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) return {};
    const auto end = rest_.find(rest_.front(), 1);
    if (end == std::string_view::npos) return {};
    const auto text = rest_.substr(1, end - 1);
    if (text.find_first_of("\\#\n") != std::string_view::npos) return {};
    rest_.remove_prefix(end + 1);
    return std::string(text);
  }

  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.size(), rest_.find_first_not_of(blanks)));
  }

  std::string_view rest_;
  const ErbValues& values_;
};

Place place_at(std::string_view text, std::size_t at, int file) {
  const auto before = text.substr(0, at);
  const auto line = std::count(before.begin(), before.end(), '\n');
  const auto last = before.rfind('\n');
  const auto column = last == std::string_view::npos ? at : at - last - 1;
  return {file, static_cast<int>(line) + 1, static_cast<int>(column) + 1};
}

}  // namespace

std::string expand_erb(std::string_view text, int file, const ErbValues& values, FaultLog& faults) {
  std::string out;
  std::size_t done = 0;
  for (auto open = text.find("<%"); open != std::string_view::npos; open = text.find("<%", done)) {
    out += text.substr(done, open - done);
    const auto close = text.find("%>", open);
    if (close == std::string_view::npos) {
      faults.add(place_at(text, open, file), "", "this <% is not closed (%> is missing)");
      return out;
    }
    auto inner = text.substr(open + 2, close - open - 2);
    done = close + 2;
    const auto lines = std::count(inner.begin(), inner.end(), '\n');
    if (inner.ends_with('-')) inner.remove_suffix(1);
    const auto value = inner.starts_with('=')   ? Expression(inner.substr(1), values).value()
                       : inner.starts_with('#') ? std::optional(std::string())
                                                : std::nullopt;
    if (value)
      out += *value;
    else
      faults.add(place_at(text, open, file), "",
                 in_quotes(text.substr(open, done - open)) +
                     " is Ruby: write ${root_path}, ${environment}, ${NAME} or ${NAME:-DEFAULT} "
                     "(and `instances: N` instead of a loop)");
    out.append(static_cast<std::size_t>(lines), '\n');
  }
  return out.append(text.substr(done));
}

}  // namespace daemonz::config
