#include "judge/language.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

namespace daemonz::judge {
namespace {

bool is_same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, {}, [](unsigned char byte) { return std::tolower(byte); },
      [](unsigned char byte) { return std::tolower(byte); });
}

}  // namespace

const std::vector<Language>& languages() {
  static const std::vector<Language> table{
      {.name = "c",
       .include = "c",
       .extensions = {".c"},
       .compiler = "gcc",
       .interpreter = "",
       .before_sources = {"-x", "c", "-std=gnu17", "-O2", "-pipe"},
       .after_sources = {"-lm"}},
      {.name = "c++",
       .include = "cpp",
       .extensions = {".cc", ".cpp", ".cxx", ".c++"},
       .compiler = "g++",
       .interpreter = "",
       .before_sources = {"-x", "c++", "-std=gnu++20", "-O2", "-pipe"},
       .after_sources = {"-pthread"}},
      // -I: neither the environment nor the working folder changes what python3 imports here.
      {.name = "python3",
       .include = "python3",
       .extensions = {".py", ".py3"},
       .compiler = "",
       .interpreter = "python3",
       .before_sources = {"-I", "-m", "py_compile"},
       .after_sources = {}},
      {.name = "shell",
       .include = "bash",
       .extensions = {".sh", ".bash"},
       .compiler = "",
       .interpreter = "bash",
       .before_sources = {},
       .after_sources = {}},
  };
  return table;
}

const Language* language_of_extension(std::string_view extension) {
  for (const auto& language : languages())
    if (std::ranges::find(language.extensions, extension) != language.extensions.end())
      return &language;
  return nullptr;
}

const Language* language_of_code(std::string_view code) {
  for (const auto& language : languages())
    if (is_same_word(code, language.include) || is_same_word(code, language.name)) return &language;
  return nullptr;
}

std::string known_extensions() {
  std::string list;
  for (const auto& language : languages())
    for (const auto extension : language.extensions)
      list += (list.empty() ? "" : " ") + std::string(extension);
  return list;
}

bool is_header(std::string_view extension) {
  constexpr std::array<std::string_view, 6> headers{".h", ".hh", ".hpp", ".hxx", ".h++", ".inc"};
  return std::ranges::find(headers, extension) != headers.end();
}

std::string installed_program(std::string_view name) {
  namespace fs = std::filesystem;
  // The folders of the box's PATH; /bin is a link to /usr/bin there.
  for (const fs::path folder : {"/usr/local/bin", "/usr/bin"}) {
    std::error_code code;
    const auto real = fs::canonical(folder / name, code);
    if (code || ::access(real.c_str(), X_OK) != 0) continue;
    // A bare name where the box finds the same file by its PATH; else the whole path.
    return real.parent_path() == folder ? real.filename().string() : real.string();
  }
  return {};
}

}  // namespace daemonz::judge
