// Runs the hostile programs of tests/programs in the sandbox, with canaries planted around it, and
// says of each what it got and whether it reached something. Used by programs_test.cc and by
// sandbox-probes (tests/shown/main-job/08_daemonz_run).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/hostile_program.h"
#include "sandbox/run.h"

namespace daemonz::tests {

struct HostileOutcome {
  std::string name;
  sandbox::Result result;
  /// Its lines "ESCAPE ..", those of the next run in the slot, and a collected secret.
  std::vector<std::string> escapes;
  std::vector<std::string> unmet;    ///< facts of the result that are not as its head says
  std::vector<std::string> allowed;  ///< in the mode that it ran in
  bool is_allowed = false;           ///< the verdict is one of the allowed, and all facts are met
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

/// Two slots and the canaries: a secret file, a variable, an open descriptor, listening sockets,
/// and a neighbour in the second slot. Threads: one.
class HostileSuite {
 public:
  explicit HostileSuite(const SuiteOptions& options);
  ~HostileSuite();
  /// Runs it, and then in the same slot a program that looks for what it has left.
  [[nodiscard]] HostileOutcome run(const HostileProgram& program);
  /// The control: runs a probe among the canaries without any box, as a user who owns nothing, and
  /// returns its lines "ESCAPE ..". Only as root: as somebody else it would be its victims' user.
  [[nodiscard]] std::vector<std::string> run_unconfined(const HostileProgram& program) const;
  /// What is left of the runs so far: processes, cgroups, mounts. Empty: nothing.
  [[nodiscard]] std::vector<std::string> leftovers() const;
  /// v2, v1 or rlimit: of the last run.
  [[nodiscard]] const std::string& limit_mode() const;

 private:
  [[nodiscard]] std::vector<std::string> leftovers_now() const;

  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace daemonz::tests
