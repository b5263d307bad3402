// `daemonz-jobs move`: all ready items of one queue server to another, dead queues too. Not a copy:
// what the other one has confirmed is acknowledged here. Follows cli.md, `daemonz-jobs`.
#pragma once

#include <string>

namespace daemonz::program {

/// Returns the exit code, says on stderr how many. What is delayed or leased stays; run it again
/// when that has become ready. It may be ended and run again: an item travels under its job's id,
/// so that it is stored once. Throws Error when a server cannot be reached or takes no more.
int move_items(const std::string& from, const std::string& to);

}  // namespace daemonz::program
