#include "judge/language.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include "base/error.h"

namespace daemonz::judge {
namespace {

constexpr std::array<std::string_view, 6> placeholders{"{sources}", "{entry}",    "{binary}",
                                                       "{class}",   "{heap_mib}", "{stack_mib}"};

bool is_same_word(std::string_view a, std::string_view b) {
  const auto lower = [](unsigned char byte) { return std::tolower(byte); };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool names(const std::vector<std::string>& command, std::string_view placeholder) {
  return std::ranges::any_of(command, [&](const std::string& word) {
    return word.find(placeholder) != std::string::npos;
  });
}

// javac makes many classes, jar one file of them; $1: heap, $2: the file, then the sources.
constexpr const char* java_build =
    "heap=$1 out=$2 && shift 2 && mkdir .daemonz-classes &&"
    " javac -J-Xmx\"$heap\"m -J-XX:+UseSerialGC -encoding UTF-8 -d .daemonz-classes \"$@\" &&"
    " exec jar -J-Xmx\"$heap\"m -J-XX:+UseSerialGC --create --no-compress --file \"$out\""
    " -C .daemonz-classes .";

std::vector<Language>& table() {
  static std::vector<Language> rows{
      {.name = "c",
       .code = "c",
       .extensions = {".c"},
       .compile = {"gcc", "-x", "c", "-std=gnu17", "-O2", "-pipe", "-o", "{binary}", "{sources}",
                   "-lm"},
       .run = {},
       .needs = {}},
      {.name = "c++",
       .code = "cpp",
       .extensions = {".cc", ".cpp", ".cxx", ".c++"},
       .compile = {"g++", "-x", "c++", "-std=gnu++20", "-O2", "-pipe", "-o", "{binary}",
                   "{sources}", "-pthread"},
       .run = {},
       .needs = {}},
      // -I: neither the environment nor the working folder changes what python3 imports here.
      {.name = "python3",
       .code = "python3",
       .extensions = {".py", ".py3"},
       .compile = {"python3", "-I", "-m", "py_compile", "{sources}"},
       .run = {"python3", "{entry}"},
       .needs = {}},
      {.name = "shell",
       .code = "bash",
       .extensions = {".sh", ".bash"},
       .compile = {},
       .run = {"bash", "{entry}"},
       .needs = {}},
      // One collecting thread, whatever the machine has; a deep recursion is a stack overflow of
      // Java's, not a fault of ours.
      {.name = "java",
       .code = "java",
       .extensions = {".java"},
       .compile = {"bash", "-c", java_build, "javac", "{heap_mib}", "{binary}", "{sources}"},
       .run = {"java", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xss{stack_mib}m",
               "-Xmx{heap_mib}m", "-cp", "{binary}", "{class}"},
       .needs = {"javac", "jar"}},
  };
  return rows;
}

Error row_fault(const Language& row, std::string what) {
  return Error(ErrorText{.what = "language " + row.name + " " + std::move(what),
                         .hint = "See sandbox: languages: in the stock config/daemonz.yml."});
}

void check(const Language& row, const std::vector<Language>& all) {
  if (row.extensions.empty()) throw row_fault(row, "has no extensions");
  if (row.run.empty() && !names(row.compile, "{binary}"))
    throw row_fault(row, "has no command that runs it, and its compile command makes no {binary}");
  if (!row.run.empty() && names(row.run, "{binary}") && !names(row.compile, "{binary}"))
    throw row_fault(row, "runs a {binary} that its compile command does not make");
  for (const auto* command : {&row.compile, &row.run})
    if (const auto fault = placeholder_fault(*command); !fault.empty()) throw row_fault(row, fault);
  for (const auto& other : all) {
    if (&other == &row) break;  // rows behind this one are checked against it
    for (const auto& extension : row.extensions)
      if (std::ranges::find(other.extensions, extension) != other.extensions.end())
        throw row_fault(row, "takes " + extension + ", which is " + other.name + "'s");
  }
}

}  // namespace

const std::vector<Language>& languages() { return table(); }

std::string placeholder_fault(const std::vector<std::string>& command) {
  for (const auto& word : command)
    for (auto at = word.find('{'); at != std::string::npos; at = word.find('{', at + 1)) {
      const auto end = word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at + 1);
      if (end == std::string::npos || end == at + 1 || word[end] != '}') continue;  // a brace
      const auto name = word.substr(at, end + 1 - at);
      if (std::ranges::find(placeholders, name) == placeholders.end()) {
        std::string known;
        for (const auto each : placeholders)
          known += (known.empty() ? "" : " ") + std::string(each);
        return "names " + name + "; there are " + known;
      }
      if (name == "{sources}" && word != name) return "needs {sources} as a word of its own";
    }
  return {};
}

void extend_languages(const std::vector<Language>& rows) {
  auto changed = table();
  for (const auto& row : rows) {
    auto known = std::ranges::find(changed, row.name, &Language::name);
    if (known == changed.end()) {
      changed.push_back({.name = row.name, .code = row.name});
      known = std::prev(changed.end());
    }
    if (!row.code.empty()) known->code = row.code;
    if (!row.extensions.empty()) known->extensions = row.extensions;
    // Whoever replaces the commands knows what they need.
    if (!row.compile.empty() || !row.run.empty()) known->needs = row.needs;
    if (!row.compile.empty()) known->compile = row.compile;
    if (!row.run.empty()) known->run = row.run;
    known->is_disabled = row.is_disabled;
  }
  std::erase_if(changed, [](const Language& row) { return row.is_disabled; });
  for (const auto& row : changed) check(row, changed);
  table() = std::move(changed);
}

const Language* language_of_extension(std::string_view extension) {
  for (const auto& language : languages())
    if (std::ranges::find(language.extensions, extension) != language.extensions.end())
      return &language;
  return nullptr;
}

const Language* language_of_code(std::string_view code) {
  for (const auto& language : languages())
    if (is_same_word(code, language.code) || is_same_word(code, language.name)) return &language;
  return nullptr;
}

std::string known_extensions() {
  std::string list;
  for (const auto& language : languages())
    for (const auto& extension : language.extensions) list += (list.empty() ? "" : " ") + extension;
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

std::string missing_program(const Language& language) {
  std::vector<std::string> needed;
  for (const auto* command : {&language.compile, &language.run})
    if (!command->empty() && command->front().find('{') == std::string::npos)
      needed.push_back(command->front());
  needed.insert(needed.end(), language.needs.begin(), language.needs.end());
  for (const auto& program : needed)
    if (installed_program(program).empty()) return program;
  return {};
}

}  // namespace daemonz::judge
