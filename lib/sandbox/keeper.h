// The keeper of one sandbox slot: a small single-threaded process that holds the slot's lock, an
// empty net namespace and the read-only view, and makes one run after another for the Slot at the
// other end of its socket. It ends when that socket does. Started by Slot (run.h); not for people.
// Follows sandbox.md, "Process tree, per slot".
// Sources: namespaces(7), user_namespaces(7), flock(2).
#pragma once

#include <string>

#include "sandbox/run.h"

namespace daemonz::sandbox {

/// The Slot hands its socket over as this descriptor.
inline constexpr int keeper_socket = 3;

struct KeeperOptions {
  int slot = 0;
  std::string state_folder;  ///< absolute; slots/N in it is the lock
  LimitMode limit_mode = LimitMode::automatic;
  bool is_pinned = true;
  /// The keeper before this one died: its last init still holds the lock for a moment, wait for it.
  bool is_successor = false;
  /// The second keeper of a slot (run_pair): a lock and, as root, a kernel user of its own. Whoever
  /// starts it holds the slot: it waits for its lock, which only a keeper on its way out can have.
  bool is_companion = false;
};

/// Serves until the socket ends. The exit code of the process.
[[nodiscard]] int keep_slot(const KeeperOptions& options);

/// What Slot starts it with: "--slot N --state FOLDER --limits MODE [--not-pinned] [--successor]
/// [--companion]".
/// The exit code; a wrong command line is explained on stderr (2).
[[nodiscard]] int keeper_main(int argc, char** argv);

}  // namespace daemonz::sandbox
