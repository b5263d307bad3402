// The sandbox slot of the judge's tests: one for all, since opening one costs more than a run.
#pragma once

#include "sandbox/run.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace daemonz::tests {

/// Lives as long as the test program; its lock stands in a folder of its own.
inline sandbox::Slot& slot() {
  static const TempDir state;
  static const auto opened = sandbox::open_free_slot(
      {.state_folder = state.path(), .keeper_path = program_path("daemonz-keeper")}, 64);
  return *opened;
}

}  // namespace daemonz::tests
