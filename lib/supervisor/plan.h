// What will run, in which order: the configuration's daemons as a list of instances in ranks.
// Pure but for looking up programs and users. Not the running of it: supervisor.h. Printed by
// `daemonz check`.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "supervisor/instance.h"

namespace daemonz::supervisor {

/// One instance as configured. A value.
struct PlannedInstance {
  std::string name;       ///< "queue", or "processor:2" where there are several
  std::string daemon;     ///< "processor"
  int index = 0;          ///< from 0
  int rank = 0;           ///< starts after all of lower rank are ready, stops before they do
  config::Daemon config;  ///< for_instance()
  Policy policy;
};

struct Plan {
  std::vector<PlannedInstance> instances;  ///< by rank, then name, then index
  std::vector<std::string> faults;         ///< of the file; sentences that name the daemon
  std::vector<std::string> obstacles;      ///< of the machine: a missing program, an unknown user
  [[nodiscard]] bool is_good() const { return faults.empty() && obstacles.empty(); }
};

/// `program_folder`: where the running daemonz stands; bare command names are looked for there
/// first, then in PATH, and replaced by what was found. Never throws for what a configuration may
/// say: everything is a fault, and all are found at once.
/// Ranks: start_order ascending; within one order, depends_on decides.
[[nodiscard]] Plan make_plan(const config::Config& config, const std::string& program_folder);

/// "processor.2": of its files below tmp/daemonz, and of its cgroup.
[[nodiscard]] std::string file_name_of(const std::string& daemon, int index);

/// All faults and obstacles of a plan, one per line.
[[nodiscard]] std::string sentences_of(const Plan& plan);

/// "queue", "processor" (all), "processor:2", "processor:*". False: another one.
[[nodiscard]] bool is_meant(const PlannedInstance& instance, const std::string& target);

/// Throws Error that names the first target that means no instance.
void check_targets(const config::Config& config, const Plan& plan,
                   const std::vector<std::string>& targets);

}  // namespace daemonz::supervisor
