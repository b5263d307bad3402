// `reload` and `scale`: what the file, or a person, now wants, compared with what runs, and made
// so. Not the comparison itself (changes.h), not the asking and answering (requests.h). Follows
// supervisor.md, "Control".
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "supervisor/changes.h"
#include "supervisor/fleet.h"
#include "supervisor/wishes.h"

namespace daemonz::supervisor {

/// What there is. Loans for the call.
struct Present {
  const config::Config& config;  ///< as the file was read last, without wishes
  const Wishes& wishes;
  const Fleet& fleet;
  const std::string& program_folder;
};

/// What there is to be. Nothing has been done yet.
struct NewPlan {
  config::Config config;
  Wishes wishes;
  std::vector<Change> changes;
};

/// What is to run: the file, and what people have asked for since.
[[nodiscard]] Plan plan_of(const config::Config& config, const Wishes& wishes,
                           const std::string& program_folder);

/// Reads the file anew. Throws Error, config::Faults: it is faulty, or wants another home, which
/// only a restart can give.
[[nodiscard]] NewPlan plan_reload(const Present& present);
/// Throws Error: there is no such daemon, or it cannot have so many instances.
[[nodiscard]] NewPlan plan_scale(const Present& present, const std::string& daemon, int instances);

/// Adds, changes and retires instances. Returns the events to feed, in order. Throws Error when a
/// log file cannot be opened, or an instance not be added; nothing is changed then.
[[nodiscard]] std::vector<std::pair<Supervised*, Event>> carry_out(const NewPlan& plan,
                                                                   Fleet& fleet);

}  // namespace daemonz::supervisor
