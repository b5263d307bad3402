#include "judge/domjudge.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "judge/files.h"
#include "judge/mapping.h"
#include "judge/package.h"

namespace daemonz::judge {
namespace {

namespace fs = std::filesystem;

constexpr Bytes settings_size_max = kibibytes(64);  // of each of the two files

/// The value of `timelimit` in DOMjudge's own settings: "timelimit = '2.5' ; seconds".
std::optional<std::string> ini_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const auto names = words(line.substr(0, equals));
    if (names.size() != 1 || names[0] != key) continue;  // a comment begins with ";"
    auto value = std::string(line.substr(equals + 1, line.find(';') - equals - 1));
    std::erase_if(value, [](char c) { return c == '\'' || c == '"' || c == ' ' || c == '\r'; });
    return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Milliseconds> domjudge_time_limit(const fs::path& root) {
  for (const char* name : {"domjudge-problem.ini", ".timelimit"}) {
    const auto file = root / name;
    if (!is_there(file)) continue;
    auto text = read_file(inside(file, root), settings_size_max);
    if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);  // Windows' editors write it
    std::optional<std::string> written;
    if (file.extension() == ".ini") {
      written = ini_value(text, "timelimit");
      if (!written) continue;
    } else {
      const auto found = words(text);
      written = found.size() == 1 ? found[0] : text;
    }
    const auto number = number_in(*written);
    if (!number || *number <= 0 || *number > time_limit_max_s)
      throw Error(ErrorText{
          .what = "the time limit \"" + printable(*written, 40) + "\" is not a number of seconds",
          .where = file,
          .hint = "Write a number above 0, for example 2."});
    return seconds(*number);
  }
  return std::nullopt;
}

}  // namespace daemonz::judge
