#include "judge/glob.h"

#include <algorithm>

#include "base/error.h"
#include "judge/files.h"

namespace daemonz::judge {
namespace {

/// Of one pattern without braces. Only the last star is ever tried again: quadratic at worst.
bool matches_whole(std::string_view pattern, std::string_view text) {
  constexpr auto none = std::string_view::npos;
  std::size_t p = 0, t = 0, star = none, taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != none && text[taken] != '/') {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == none;
}

/// Where the brace that opens at `open` closes, and its commas. Empty: nowhere.
std::vector<std::size_t> parts_of_brace(const std::string& pattern, std::size_t open) {
  std::vector<std::size_t> ends;
  int depth = 0;
  for (auto at = open; at < pattern.size(); ++at) {
    if (pattern[at] == '{') ++depth;
    if (pattern[at] == ',' && depth == 1) ends.push_back(at);
    if (pattern[at] == '}' && --depth == 0) {
      ends.push_back(at);
      return ends;
    }
  }
  return {};
}

}  // namespace

std::vector<std::string> expand_braces(const std::string& pattern) {
  std::vector<std::string> done, left{pattern};
  while (!left.empty()) {
    const auto text = std::move(left.back());
    left.pop_back();
    auto open = text.find('{');
    std::vector<std::size_t> ends;
    while (open != std::string::npos && (ends = parts_of_brace(text, open)).size() < 2)
      open = text.find('{', open + 1);
    if (open == std::string::npos) {
      done.push_back(text);
    } else {
      auto begin = open + 1;
      for (const auto end : ends) {
        left.push_back(text.substr(0, open) + text.substr(begin, end - begin) +
                       text.substr(ends.back() + 1));
        begin = end + 1;
      }
    }
    if (done.size() + left.size() > alternatives_max)
      throw Error(ErrorText{.what = "the pattern \"" + printable(pattern, 40) +
                                    "\" stands for more than " + std::to_string(alternatives_max)});
  }
  std::ranges::sort(done);
  return done;
}

bool matches_glob(const std::string& pattern, std::string_view path) {
  for (auto one : expand_braces(pattern)) {
    while (one.ends_with('/')) one.pop_back();
    for (auto end = path.find('/');; end = path.find('/', end + 1)) {
      if (matches_whole(one, path.substr(0, end))) return true;
      if (end == std::string_view::npos) break;
    }
  }
  return false;
}

}  // namespace daemonz::judge
