// What every program of daemonz shares: --help that teaches, --version, --config, --log-level, the
// exit codes of cli.md, and the one place where an Error becomes a line on stderr.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace daemonz::program {

inline constexpr int exit_done = 0;
inline constexpr int exit_not_done = 1;
inline constexpr int exit_usage = 2;

/// Options that all programs take.
struct Common {
  std::string config_path;  ///< as given, or empty: see config::find
  std::string log_level = "info";
};

/// Adds --version, --config, --log-level. `common` must outlive `app`.
void add_common_options(CLI::App& app, Common& common);

/// Parses, sets the log level, runs `body`, and turns problems into exit codes: usage 2, Error 1
/// ("NAME: cannot ..." on stderr). SIGPIPE is ignored from here on.
int run(CLI::App& app, int argc, char** argv, const Common& common,
        const std::function<int()>& body);

}  // namespace daemonz::program
