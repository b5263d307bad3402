// Numbers with a unit as types, and the two spellings that people write: sizes ("32M") and
// durations ("500ms", "5s", "10m", "1h", "2d"). Follows cli.md, "Sizes take K, M, G; times take
// ...".
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace daemonz {

using Milliseconds = std::chrono::milliseconds;
using Microseconds = std::chrono::microseconds;
using Seconds = std::chrono::seconds;

/// A number of bytes. Explicit both ways; compares and adds like a number.
struct Bytes {
  std::uint64_t count = 0;
  constexpr Bytes() = default;
  explicit constexpr Bytes(std::uint64_t bytes) : count(bytes) {}
  friend constexpr auto operator<=>(Bytes, Bytes) = default;
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return Bytes(a.count + b.count); }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return Bytes(a.count - b.count); }
  friend constexpr Bytes operator*(Bytes a, std::uint64_t n) { return Bytes(a.count * n); }
  constexpr Bytes& operator+=(Bytes b) {
    count += b.count;
    return *this;
  }
  constexpr Bytes& operator-=(Bytes b) {
    count -= b.count;
    return *this;
  }
};

constexpr Bytes kibibytes(std::uint64_t n) { return Bytes(n << 10); }
constexpr Bytes mebibytes(std::uint64_t n) { return Bytes(n << 20); }
constexpr Bytes gibibytes(std::uint64_t n) { return Bytes(n << 30); }

/// "300", "64K", "32M", "1G" (powers of 1024; a trailing B or iB is allowed). nullopt: not a size.
[[nodiscard]] std::optional<Bytes> parse_bytes(std::string_view text);

/// "500ms", "5s", "10m", "1h", "2d", "1.5s"; "0" needs no unit. nullopt: not a duration.
[[nodiscard]] std::optional<Milliseconds> parse_duration(std::string_view text);

/// Whole decimal number without sign, blanks or trailing text. nullopt: not one, or above 2^64-1.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);

[[nodiscard]] std::string to_string(Bytes size);             ///< "1.5M", exact below 1 KiB
[[nodiscard]] std::string to_string(Milliseconds duration);  ///< "1.5s", "250ms", "2h3m"

}  // namespace daemonz
