// Which process a pid meant when it was written down: pid + start time + boot. A pid alone proves
// nothing, the kernel hands it out again. Source: proc_pid_stat(5), field 22; random(4), boot_id.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"

namespace daemonz::process {

/// A value that may be stored and read back in another process, or after a reboot. Threads: any.
struct Identity {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  ///< clock ticks after boot
  std::string boot_id;            ///< changes at every boot
  friend bool operator==(const Identity&, const Identity&) = default;
};

/// nullopt: no such process (a zombie that nobody has reaped yet still has an identity).
[[nodiscard]] std::optional<Identity> identity_of(pid_t pid);

/// True while that very process runs. A zombie, another process with the same pid, and a process
/// from before a reboot are not it.
[[nodiscard]] bool is_running(const Identity& identity);

/// Returns when it has ended. False: it still runs at `deadline`.
bool wait_for_end(const Identity& identity, SteadyTime deadline);

/// A pidfd of that very process, for signals and for waiting until it has ended. Not open: gone.
[[nodiscard]] UniqueFd open_pidfd(const Identity& identity);

[[nodiscard]] const std::string& boot_id();

/// One line of /proc/PID/stat, as far as the project needs it.
struct ProcessStat {
  pid_t pid = 0;
  char state = '?';  ///< R S D T Z ..
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  std::uint64_t user_ticks = 0;    ///< its own, not its children's
  std::uint64_t system_ticks = 0;  ///< likewise
  std::uint64_t start_ticks = 0;
  int threads = 0;
  std::uint64_t resident_bytes = 0;
  /// A first thread that has ended shows as Z while others still run, and hold what it has opened:
  /// such a process lives.
  [[nodiscard]] bool is_alive() const { return state != 'X' && (state != 'Z' || threads > 1); }
};

/// nullopt: no such process, or /proc is not readable.
[[nodiscard]] std::optional<ProcessStat> stat_of(pid_t pid);
/// The same for each, in their order; 0: none. The kernel takes 10 us for one, so many are read by
/// two threads.
[[nodiscard]] std::vector<std::optional<ProcessStat>> stats_of(std::span<const pid_t> pids);

/// Every process that /proc shows, in no order.
[[nodiscard]] std::vector<ProcessStat> all_processes();

}  // namespace daemonz::process
