// The programming languages the judge knows: one table of rows, to which a configuration adds its
// own. Not how a program is compiled in a box (compile.h). Follows sandbox.md, "Submissions", and
// the codes of https://www.kattis.com/problem-package-format/appendix/languages.html.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace daemonz::judge {

/// One row of the table: a command that compiles and one that runs, as argument vectors. In a word
/// stand for themselves:
///   {sources}   every source, "./a.c" each; a word of its own
///   {entry}     the source that is named, or main.*, or the only one: "./main.py"
///   {binary}    what the compiler makes; where `run` names it too, it is put into the box
///   {class}     Java's class with the main method
///   {heap_mib}  MiB that a virtual machine may take of the memory limit (compile.h)
///   {stack_mib} MiB of its stack
struct Language {
  std::string name;                     ///< "c++", as shown
  std::string code;                     ///< the format's ("cpp"); the folder of include/, too
  std::vector<std::string> extensions;  ///< of sources, with the dot
  std::vector<std::string> compile;     ///< without {binary}: a check only; empty: nothing to do
  std::vector<std::string> run;         ///< empty: {binary}, executed by its descriptor
  std::vector<std::string> needs;       ///< programs beside the first words of both
  bool is_disabled = false;
};

/// What a package says of a program beside its files (submissions.yaml, submissions.json).
struct ProgramHints {
  std::string language;  ///< the format's code ("cpp", "python3"); empty: by extension
  std::string entry;     ///< a file's name, or a class; empty: main.*, else the only source
};

/// The judge's own and what extend_languages added.
[[nodiscard]] const std::vector<Language>& languages();

/// What a row lacks, says twice or cannot mean. A row of a name that is known changes only what it
/// names. Not thread-safe: call it at most once, before threads exist. Throws Error that names the
/// row: no extensions, no command, an unknown placeholder, an extension of two languages.
void extend_languages(const std::vector<Language>& rows);

/// What is wrong with the placeholders of a command; empty: nothing.
[[nodiscard]] std::string placeholder_fault(const std::vector<std::string>& command);

/// nullptr: no language has this extension (".cc").
[[nodiscard]] const Language* language_of_extension(std::string_view extension);

/// nullptr: no language has this code of the package format ("cpp"), or name. Any case.
[[nodiscard]] const Language* language_of_code(std::string_view code);

/// ".c .cc .cpp ...", for messages.
[[nodiscard]] std::string known_extensions();

/// Headers go into the box, and are never compiled alone.
[[nodiscard]] bool is_header(std::string_view extension);

/// The real name of a program in the standard folders ("g++" -> "x86_64-linux-gnu-g++-12": links
/// through /etc do not exist in the box). Empty: not installed.
[[nodiscard]] std::string installed_program(std::string_view name);

/// The first program that a language needs and this machine lacks. Empty: none.
[[nodiscard]] std::string missing_program(const Language& language);

}  // namespace daemonz::judge
