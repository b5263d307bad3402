// The starts of one burst of events: kept until the burst is over, then performed together. Not the
// decision to start (instance.h), nor one start (supervised.h).
#pragma once

#include <vector>

#include "supervisor/supervised.h"

namespace daemonz::supervisor {

/// Threads: one.
class Launches {
 public:
  void add(Supervised& instance);
  /// Starts those that are still to be started. Each feeds `launched` or `launch_failed`. False:
  /// there was none.
  bool perform();

 private:
  std::vector<Supervised*> instances_;
};

}  // namespace daemonz::supervisor
