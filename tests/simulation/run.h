// One life of a site in one thread, decided by one seed: clients, processors, server, disk, clock
// and database, with crashes of any of them at any step. At the end everything heals, what is left
// is worked off, and the ledger is closed. The same seed gives the same life.
#pragma once

#include <cstdint>
#include <string>

#include "simulation/world.h"

namespace daemonz::simulation {

struct Report {
  std::uint64_t steps = 0, crashes = 0, hand_outs = 0, jobs = 0;
  std::string violation;  ///< empty: every promise was kept
};

[[nodiscard]] Report run(std::uint64_t seed, Plant plant = Plant::none);

}  // namespace daemonz::simulation
