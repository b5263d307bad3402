// sandbox-probes: runs the hostile programs and prints one line of each, then one of figures:
//     programs=40 escapes=0 refused_verdicts=0 late=0 left=0 limits=v1
// Exit 0: no escape, every verdict allowed, in time, nothing left; else 1. For tests.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>

#include "base/error.h"
#include "sandbox/suite.h"
#include "support/temp_dir.h"

namespace {

using namespace daemonz;

struct Options {
  tests::SuiteOptions suite;
  std::string limits = "auto";
  bool is_probes_only = false;
  bool is_unconfined = false;
  std::vector<std::string> only;
};

bool is_chosen(const Options& options, const tests::HostileProgram& program) {
  if (program.allowed.front() == "none" || (options.is_probes_only && !program.is_probe))
    return false;
  return options.only.empty() ||
         std::ranges::find(options.only, program.name) != options.only.end();
}

/// The control: exit 0 when every probe finds a way out.
int run_unconfined(const Options& options) {
  const tests::HostileSuite suite(options.suite);
  int probes = 0, out = 0;
  for (const auto& program : tests::hostile_programs(options.suite.sources_folder)) {
    if (!program.is_probe) continue;
    const auto escapes = suite.run_unconfined(program);
    std::cout << program.name << ' ' << (escapes.empty() ? "finds no way out" : escapes.front())
              << '\n';
    ++probes;
    out += !escapes.empty();
  }
  std::cout << "probes=" << probes << " out=" << out << '\n';
  return out == probes ? 0 : 1;
}

int run_all(Options& options) {
  tests::TempDir state;
  options.suite.state_folder = state.path();
  options.suite.limit_mode = sandbox::limit_mode_named(options.limits).value();
  if (options.is_unconfined) return run_unconfined(options);
  tests::HostileSuite suite(options.suite);
  int programs = 0, escapes = 0, refused = 0, late = 0;
  for (const auto& program : tests::hostile_programs(options.suite.sources_folder)) {
    if (!is_chosen(options, program)) continue;
    const auto outcome = suite.run(program);
    const auto& result = outcome.result;
    std::cout << program.name << ' ' << to_string(result.verdict) << ' ' << result.wall.count()
              << "ms" << (outcome.is_allowed ? "" : " NOT-ALLOWED")
              << (outcome.is_in_time ? "" : " LATE") << '\n';
    if (!result.stage.empty())
      std::cout << "  " << result.stage << ": " << error_text(result.errno_value) << '\n';
    for (const auto& line : outcome.escapes) std::cout << "  " << line << '\n';
    if (!outcome.is_allowed)
      for (const auto& fact : outcome.unmet) std::cout << "  " << fact << '\n';
    ++programs;
    escapes += !outcome.escapes.empty();
    refused += !outcome.is_allowed;
    late += !outcome.is_in_time;
  }
  const auto left = suite.leftovers();
  for (const auto& one : left) std::cout << "left: " << one << '\n';
  std::cout << "programs=" << programs << " escapes=" << escapes << " refused_verdicts=" << refused
            << " late=" << late << " left=" << left.size() << " limits=" << suite.limit_mode()
            << '\n';
  return escapes + refused + late == 0 && left.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs the hostile programs of tests/programs in the sandbox.", "sandbox-probes");
  Options options;
  app.add_option("--programs", options.suite.programs_folder, "compiled programs")->required();
  app.add_option("--sources", options.suite.sources_folder, "tests/programs")->required();
  app.add_option("--keeper", options.suite.keeper_path, "another keeper than the shipped one");
  app.add_option("--limits", options.limits, "auto, v2, v1 or rlimit")
      ->check(CLI::IsMember({"auto", "v2", "v1", "rlimit"}));
  app.add_flag("--slow", options.suite.is_machine_slow,
               "an emulated machine: ten times the time where no program is meant to need it");
  app.add_flag("--unconfined", options.is_unconfined,
               "the control: those that look for ways out, without a sandbox (only as root)");
  app.add_option("--only", options.only, "these programs, not all");
  app.add_flag("--probes-only", options.is_probes_only, "only those that look for ways out");
  CLI11_PARSE(app, argc, argv);
  try {
    return run_all(options);
  } catch (const Error& problem) {
    std::cerr << "sandbox-probes: " << problem.what() << '\n';
    return 2;
  }
}
