// Runs the hostile programs of tests/programs in the sandbox, with canaries planted around it, and
// says of each what it got and whether it reached something. Used by programs_test.cc and by
// sandbox-probes (tests/shown/main-job/08_daemonz_run).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/run.h"

namespace daemonz::tests {

/// The first comment lines of a program: what it is allowed to get, and its limits.
struct HostileProgram {
  std::string name;
  std::vector<std::string> allowed;  ///< verdicts; "none": not run by itself
  /// "allowed rlimit: ..": verdicts in a limit mode (v2, v1, rlimit) that differs from the others.
  std::map<std::string, std::vector<std::string>> allowed_in_mode;
  sandbox::Limits limits;
  bool is_probe = false;  ///< "kind: probe": looks for ways out, harmless without a layer
};

struct HostileOutcome {
  std::string name;
  sandbox::Result result;
  std::vector<std::string> escapes;  ///< its lines "ESCAPE ..."
  std::vector<std::string> allowed;  ///< in the mode that it ran in
  bool is_allowed = false;           ///< the verdict is one of the allowed
  bool is_in_time = false;           ///< within its wall limit + 0.5 s, set-up and all
};

struct SuiteOptions {
  std::string programs_folder;  ///< compiled
  std::string sources_folder;
  std::string state_folder;
  std::string keeper_path;  ///< empty: the shipped one
  sandbox::LimitMode limit_mode = sandbox::LimitMode::automatic;
  /// An emulated machine: time limits that no program is meant to meet are taken tenfold.
  bool is_machine_slow = false;
};

/// Throws Error when a source does not say what is allowed. Sorted by name.
[[nodiscard]] std::vector<HostileProgram> hostile_programs(const std::string& sources_folder);

/// Two slots and the canaries: a secret file, a variable, an open descriptor, listening sockets,
/// and a neighbour in the second slot. Threads: one.
class HostileSuite {
 public:
  explicit HostileSuite(const SuiteOptions& options);
  ~HostileSuite();
  [[nodiscard]] HostileOutcome run(const HostileProgram& program);
  /// What is left of the runs so far: processes, cgroups, mounts. Empty: nothing.
  [[nodiscard]] std::vector<std::string> leftovers() const;
  /// v2, v1 or rlimit: of the last run.
  [[nodiscard]] const std::string& limit_mode() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace daemonz::tests
