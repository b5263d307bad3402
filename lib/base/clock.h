// Time as a dependency: the steady clock to wait and to measure, the system clock to show.
// Rooms take a Clock&; tests pass support/manual_clock.h. Not a timer: waiting is the rim's work.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace daemonz {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

/// Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual SteadyTime steady() const = 0;  ///< CLOCK_MONOTONIC: never set back
  [[nodiscard]] virtual WallTime wall() const = 0;      ///< CLOCK_REALTIME: may jump
};

/// The machine's clocks. Lives for the whole process.
[[nodiscard]] const Clock& real_clock();

/// "2026-11-21T13:20:01.123Z" (UTC, milliseconds).
[[nodiscard]] std::string to_iso8601(WallTime time);

/// Reads what to_iso8601 writes, years 1678 to 2261 (what WallTime holds); the fraction is optional
/// (1 to 9 digits). nullopt: not such a time.
[[nodiscard]] std::optional<WallTime> parse_iso8601(std::string_view text);

[[nodiscard]] std::int64_t unix_milliseconds(WallTime time);
/// A number beyond what WallTime holds gives the nearest time that it holds.
[[nodiscard]] WallTime from_unix_milliseconds(std::int64_t milliseconds);

}  // namespace daemonz
