// From source files to something that runs: language, entry, compiler in the box. The judge uses
// it for submissions and for validators alike. Not the run itself (judge.h, validator.h). Follows
// sandbox.md, "Submissions" and profile `compile`.
#pragma once

#include <string>
#include <vector>

#include "judge/files.h"
#include "judge/language.h"
#include "sandbox/run.h"

namespace daemonz::judge {

struct CompileLimits {
  Milliseconds time{60'000};  ///< CPU; wall is 1.5 x + 1 s
  Bytes memory = mebibytes(2048);
  /// Of the runs to come: a virtual machine is told how large its heap may become.
  Bytes run_memory = mebibytes(2048);
};

/// What a virtual machine may use for its heap where a run has `memory`: an eighth, at least
/// 64 MiB, is left for the machine itself. A heap that is full then ends the program with an error
/// that it can name (Java: OutOfMemoryError, run_time_error); what grows outside of it is killed
/// (memory_limit_exceeded).
[[nodiscard]] std::uint64_t heap_mib(Bytes memory);
/// And for its stack: a sixteenth, at most 64 MiB. Java needs four times its stack to tell that it
/// is full.
[[nodiscard]] std::uint64_t stack_mib(Bytes memory);

/// Bytes of a compiler's stderr, and of its stdout; one more kills it. Of both together the first
/// and the last are kept, text_max of them: some compilers say at the end what was wrong.
inline constexpr Bytes compiler_output_max = mebibytes(1);
inline constexpr Bytes compiler_text_max = kibibytes(64);

/// What runs: a compiled image, executed by descriptor, or files and an interpreter.
struct Executable {
  std::vector<std::string> argv;  ///< argv[0] = interpreter, or the program's shown name
  UniqueFd image;                 ///< sealed memfd; not open for scripts
  std::vector<Entry> files;       ///< put into the box before each run; empty for an image
  std::string product_name;       ///< what argv needs beside `files`: a jar, a build script's tar
  UniqueFd product;
};

enum class CompileState { compiled, failed, unknown_language, cancelled, broken };

/// `failed`: the sources are at fault. `unknown_language`: unknown, ambiguous or not installed.
/// `broken`: the box is at fault.
struct Compiled {
  CompileState state = CompileState::broken;
  Executable executable;  ///< when compiled
  std::string text;       ///< raw, about compiler_text_max: our reason, warnings, errors
};

/// Never throws for what stands in the sources; NUL bytes are bytes.
[[nodiscard]] Compiled compile(const std::vector<Entry>& files, const CompileLimits& limits,
                               sandbox::Slot& slot, const ProgramHints& hints = {});

/// The same for a validator, which may be a folder with scripts `build` and `run`.
[[nodiscard]] Compiled compile_validator(const std::vector<Entry>& files,
                                         const CompileLimits& limits, sandbox::Slot& slot);

/// The language of a set of files: the hint's, that of the entry, that of `main.*`, else that of
/// all sources. nullptr and a reason in `why`: none, several, or Python 2.
[[nodiscard]] const Language* language_of(const std::vector<Entry>& files, std::string& why,
                                          const ProgramHints& hints = {});

/// Loads `executable` into a sandbox request: argv with `arguments` behind, image, files. The
/// request lives no longer than `executable`'s descriptors are needed: they are duplicated.
void prepare(sandbox::Program& program, const Executable& executable,
             const std::vector<std::string>& arguments = {});

}  // namespace daemonz::judge
