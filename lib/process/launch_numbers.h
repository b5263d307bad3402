// Low descriptor numbers that a process with thousands of open files keeps free for its children.
// A new child has a copy of all of them, and closes each at its exec: half of the time of a start
// where 1000 instances have three each. With its own few at low numbers, the child drops the rest
// in one call before they are copied (close_range(2), CLOSE_RANGE_UNSHARE). For launch.h.
#pragma once

#include <utility>
#include <vector>

namespace daemonz::process {

inline constexpr std::size_t launch_numbers_max = 16;  ///< more descriptors go the plain way

/// To be called early, while low numbers are free. Once per process; without it, as in a forked
/// child, launches go the plain way.
void reserve_launch_numbers();

/// /dev/null, to read and write, at a low number as well. -1: none is reserved.
[[nodiscard]] int launch_null();

/// Some of them are in one launch's hands while this lives. Threads: any.
class LentLaunchNumbers {
 public:
  LentLaunchNumbers() = default;
  ~LentLaunchNumbers();
  LentLaunchNumbers(const LentLaunchNumbers&) = delete;
  LentLaunchNumbers& operator=(const LentLaunchNumbers&) = delete;

  /// Copies each (here, there)'s `here` to a low number and names that instead. False: nothing is
  /// reserved, or too few are left.
  [[nodiscard]] bool lend(std::vector<std::pair<int, int>>& descriptors);
  [[nodiscard]] int end() const;  ///< all lent numbers are below it

 private:
  std::vector<int> lent_;
};

}  // namespace daemonz::process
