// The programming languages the judge knows: one table. Not how a program is compiled in a box
// (compile.h). Follows sandbox.md, "Submissions".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace daemonz::judge {

/// One row of the table. `interpreter` empty: compiled into one program. Lives for ever.
struct Language {
  std::string_view name;     ///< "c++", as shown
  std::string_view include;  ///< folder of include/ in a package (the format's language code)
  std::vector<std::string_view> extensions;  ///< of sources, with the dot
  std::string_view compiler;     ///< looked up in the machine's standard folders; empty: none
  std::string_view interpreter;  ///< the same
  std::vector<std::string_view> before_sources;  ///< arguments of the compiler
  std::vector<std::string_view> after_sources;
};

[[nodiscard]] const std::vector<Language>& languages();

/// nullptr: no language has this extension (".cc").
[[nodiscard]] const Language* language_of_extension(std::string_view extension);

/// nullptr: no language has this code of the package format ("cpp"). Not case-sensitive.
[[nodiscard]] const Language* language_of_code(std::string_view code);

/// ".c .cc .cpp ...", for messages.
[[nodiscard]] std::string known_extensions();

/// Headers go into the box, and are never compiled alone.
[[nodiscard]] bool is_header(std::string_view extension);

/// The real name of a program in the standard folders ("g++" -> "x86_64-linux-gnu-g++-12": links
/// through /etc do not exist in the box). Empty: not installed.
[[nodiscard]] std::string installed_program(std::string_view name);

}  // namespace daemonz::judge
