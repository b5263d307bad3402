// Whether an instance has outgrown `limits: {memory: ..}`: the resident memory of its whole tree,
// looked at only where a limit is set. Not a hard limit: between two looks it may exceed it.
#pragma once

#include <functional>

#include "base/units.h"
#include "process/tree.h"
#include "supervisor/loop.h"

namespace daemonz::supervisor {

/// Its end is the end of the looking. Threads: one.
class MemoryWatch {
 public:
  /// `tree` outlives this. `exceeded` gets what was measured, at each look that finds too much; it
  /// may end this object. Pages that several processes share count for each of them.
  MemoryWatch(Loop& loop, const process::TreeMark& tree, Bytes limit,
              std::function<void(Bytes used)> exceeded);

 private:
  void wait();

  Loop& loop_;
  const process::TreeMark& tree_;
  Bytes limit_;
  std::function<void(Bytes)> exceeded_;
  Loop::Watch timer_;
};

}  // namespace daemonz::supervisor
