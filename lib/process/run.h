// Runs a program to its end and returns what it said. Not the sandbox: the program may do all that
// this user may; sandbox/run.h is for programs that nobody trusts. Never a shell.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "process/child.h"

namespace daemonz::process {

inline constexpr Bytes run_output_default =
    mebibytes(1);  ///< a program that floods must not fill us

struct RunOptions {
  std::vector<std::string> argv;  ///< argv[0] without a slash is looked up in PATH
  std::optional<std::map<std::string, std::string>> env;  ///< nullopt: this process's environment
  std::string working_folder;                             ///< empty: as here
  std::string input;                                      ///< its standard input, then end of file
  std::optional<Milliseconds> time_limit;                 ///< wall time; nullopt: none
  Bytes output_max = run_output_default;  ///< kept of stdout; the rest is read and thrown away
  Bytes errors_max = run_output_default;  ///< the same of stderr
};

struct RunResult {
  std::string output;  ///< the first output_max bytes of stdout
  std::string errors;  ///< the first errors_max bytes of stderr
  bool is_output_cut = false;
  bool is_errors_cut = false;
  bool is_timed_out = false;  ///< the time limit ended it (and `status` says signal 9)
  ExitStatus status;
  Milliseconds wall_time{0};
};

/// Returns when the program has ended, or at its time limit after its whole tree was killed.
/// Processes it left behind are killed too. Throws Error when it cannot be started.
/// SIGPIPE must be ignored (daemon_main does it) where there is input. Threads: any.
///
///     const auto result = process::run({.argv = {"git", "rev-parse", "HEAD"},
///                                       .time_limit = Seconds(5)});
[[nodiscard]] RunResult run(const RunOptions& options);

}  // namespace daemonz::process
