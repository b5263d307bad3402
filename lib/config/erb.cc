#include "config/erb.h"

#include <algorithm>
#include <map>

#include "base/units.h"
#include "config/daemon.h"
#include "config/yaml_json.h"

namespace daemonz::config {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr int rounds_max = 100'000;  // of all loops together: empty ones would grow no text
constexpr int loop_depth_max = 8;    // nobody nests more; a broken file must not use up the stack

using Variables = std::map<std::string, std::string, std::less<>>;  // of the loops around

// Reads one expression from front to back; each take_ function leaves the rest.
class Expression {
 public:
  Expression(std::string_view text, const ErbValues& values, const Variables& variables)
      : rest_(text), values_(values), variables_(variables) {}

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
    for (const auto& [name, value] : variables_)
      if (take_whole(name)) return {true, value};
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

  // A longer name that begins alike is another one.
  bool take_whole(std::string_view name) {
    return rest_.substr(0, rest_.find_first_of(blanks)) == name && take(name);
  }

  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.size(), rest_.find_first_not_of(blanks)));
  }

  std::string_view rest_;
  const ErbValues& values_;
  const Variables& variables_;
};

bool is_name(std::string_view text) {
  const auto is_good = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_good);
}

std::string_view trimmed(std::string_view text) {
  const auto first = std::min(text.size(), text.find_first_not_of(blanks));
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

Place place_at(std::string_view text, std::size_t at, int file) {
  const auto before = text.substr(0, at);
  const auto line = std::count(before.begin(), before.end(), '\n');
  const auto last = before.rfind('\n');
  const auto column = last == std::string_view::npos ? at : at - last - 1;
  return {file, static_cast<int>(line) + 1, static_cast<int>(column) + 1};
}

// "4.times do |i|"
struct Loop {
  int count = 0;
  std::string variable;
};

std::optional<Loop> loop_in(std::string_view inner) {
  inner = trimmed(inner);
  constexpr std::string_view times = ".times do |";
  const auto at = inner.find(times);
  if (at == std::string_view::npos || !inner.ends_with('|')) return {};
  const auto count = parse_number(inner.substr(0, at));
  const auto name = inner.substr(at + times.size(), inner.size() - at - times.size() - 1);
  if (!count || !is_name(name) || *count > std::uint64_t{instances_max}) return {};
  return Loop{static_cast<int>(*count), std::string(name)};
}

// One <% .. %>.
struct Tag {
  std::size_t begin = 0, end = 0;  // in the template
  std::string_view whole, inner;
};

class Template {
 public:
  Template(std::string_view text, int file, const ErbValues& values, FaultLog& faults)
      : text_(text), file_(file), values_(values), faults_(faults) {}

  ErbText expand() {
    run(0, 0);
    return std::move(out_);
  }

 private:
  // Writes what stands between `at` and the `end` of the loop around, or the end of the template.
  // Returns where that stops.
  std::size_t run(std::size_t at, int depth) {
    while (!has_stopped_) {
      const auto tag = next_tag(at);
      write(at, tag ? tag->begin : text_.size());
      if (!tag) {
        if (depth > 0) stop(loop_begin_, "this loop has no <% end %>");
        return text_.size();
      }
      if (depth > 0 && trimmed(tag->inner) == "end") {
        write_newlines(*tag);
        return tag->end;
      }
      const auto loop = loop_in(tag->inner);
      if (loop && depth < loop_depth_max) {
        at = repeat(*loop, *tag, depth);
      } else {
        replace(*tag);
        at = tag->end;
      }
    }
    return text_.size();
  }

  std::optional<Tag> next_tag(std::size_t from) {
    const auto begin = text_.find("<%", from);
    if (begin == std::string_view::npos) return {};
    const auto close = text_.find("%>", begin);
    if (close == std::string_view::npos) {
      write(from, begin);
      stop(begin, "this <% is not closed (%> is missing)");
      return {};
    }
    Tag tag{.begin = begin, .end = close + 2, .whole = text_.substr(begin, close + 2 - begin)};
    tag.inner = text_.substr(begin + 2, close - begin - 2);
    if (tag.inner.ends_with('-')) tag.inner.remove_suffix(1);
    return tag;
  }

  // Faults are told in the first round only; a loop of none is looked through, too.
  std::size_t repeat(const Loop& loop, const Tag& tag, int depth) {
    const auto outer = variables_;
    const bool was_muted = is_muted_, was_told = is_told_;
    std::size_t end = tag.end;
    for (int i = 0; (i < loop.count || i == 0) && !has_stopped_; ++i) {
      if (++rounds_ > rounds_max) {
        stop(tag.begin, "this loop comes to more than " + std::to_string(rounds_max) + " rounds");
        break;
      }
      is_muted_ = was_muted || loop.count == 0;
      is_told_ = was_told || i > 0;
      variables_[loop.variable] = std::to_string(i);
      write_newlines(tag);
      loop_begin_ = tag.begin;
      end = run(tag.end, depth + 1);
    }
    is_muted_ = was_muted;
    is_told_ = was_told;
    variables_ = outer;
    return end;
  }

  void replace(const Tag& tag) {
    const auto& inner = tag.inner;
    const auto value = inner.starts_with('=')
                           ? Expression(inner.substr(1), values_, variables_).value()
                       : inner.starts_with('#') ? std::optional(std::string())
                                                : std::nullopt;
    if (value)
      append(*value, line_at(tag.begin), 0);
    else if (!is_told_)
      faults_.add(place_at(text_, tag.begin, file_), "",
                  in_quotes(tag.whole) +
                      " is Ruby: write ${root_path}, ${environment}, ${NAME} or "
                      "${NAME:-DEFAULT} (and `instances: N` or <% N.times do |i| %> for a loop)");
    write_newlines(tag);
  }

  void stop(std::size_t at, std::string_view why) {
    if (!std::exchange(has_stopped_, true)) faults_.add(place_at(text_, at, file_), "", why);
  }

  void write(std::size_t from, std::size_t to) {
    append(text_.substr(from, to - from), line_at(from), 1);
  }

  // A tag of several lines leaves as many: what follows keeps its line.
  void write_newlines(const Tag& tag) {
    const auto count = std::count(tag.whole.begin(), tag.whole.end(), '\n');
    append(std::string(static_cast<std::size_t>(count), '\n'), line_at(tag.begin), 1);
  }

  // `step`: by how much a line end moves on in the file.
  void append(std::string_view piece, int line, int step) {
    if (is_muted_ || has_stopped_) return;
    if (out_.text.size() + piece.size() > yaml_size_max.count)
      return stop(0, "with its loops written out larger than " + to_string(yaml_size_max));
    out_.text += piece;
    for (const char c : piece)
      if (c == '\n') out_.lines.push_back(line += step);
  }

  // Lines are asked for in ascending order but where a loop begins anew.
  int line_at(std::size_t at) {
    if (at < counted_) counted_ = 0, counted_line_ = 1;
    counted_line_ +=
        static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(counted_),
                                    text_.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    counted_ = at;
    return counted_line_;
  }

  std::string_view text_;
  int file_;
  const ErbValues& values_;
  FaultLog& faults_;
  Variables variables_;
  ErbText out_{.text = {}, .lines = {1}};
  std::size_t loop_begin_ = 0;
  int rounds_ = 0;
  std::size_t counted_ = 0;
  int counted_line_ = 1;
  bool is_muted_ = false;     // within a loop of no rounds
  bool is_told_ = false;      // within the second round of a loop, or a later one
  bool has_stopped_ = false;  // at a fault that leaves nothing to go on with
};

}  // namespace

ErbText expand_erb(std::string_view text, int file, const ErbValues& values, FaultLog& faults) {
  return Template(text, file, values, faults).expand();
}

}  // namespace daemonz::config
