#include "base/units.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace daemonz {
namespace {

struct Scaled {
  double number;
  std::string_view unit;
};

// Number and unit of "1.5s"; no exponent, no sign, no "inf".
std::optional<Scaled> split(std::string_view text) {
  const auto digits = text.find_first_not_of("0123456789.");
  const auto number_text = text.substr(0, digits);
  if (number_text.empty() || number_text.front() == '.' || number_text.back() == '.') return {};
  double number = 0;
  const auto [end, code] =
      std::from_chars(number_text.data(), number_text.data() + number_text.size(), number);
  if (code != std::errc{} || end != number_text.data() + number_text.size()) return {};
  return Scaled{number, digits == std::string_view::npos ? "" : text.substr(digits)};
}

std::string with_unit(double number, const char* unit) {
  char text[48];
  std::snprintf(text, sizeof text, number == std::floor(number) ? "%.0f%s" : "%.1f%s", number,
                unit);
  return text;
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || code != std::errc{} || end != text.data() + text.size()) return {};
  return number;
}

std::optional<Bytes> parse_bytes(std::string_view text) {
  const auto scaled = split(text);
  if (!scaled) return {};
  auto unit = scaled->unit;
  if (unit.ends_with("iB"))
    unit.remove_suffix(2);
  else if (unit.ends_with("B"))
    unit.remove_suffix(1);
  double factor = 1;
  if (unit == "K" || unit == "k")
    factor = 1024.0;
  else if (unit == "M")
    factor = 1024.0 * 1024;
  else if (unit == "G")
    factor = 1024.0 * 1024 * 1024;
  else if (!unit.empty())
    return {};
  const double bytes = scaled->number * factor;
  if (bytes > 1e18 || bytes != std::floor(bytes)) return {};
  return Bytes(static_cast<std::uint64_t>(bytes));
}

std::optional<Milliseconds> parse_duration(std::string_view text) {
  const auto scaled = split(text);
  if (!scaled) return {};
  double factor = 0;
  if (scaled->unit == "ms")
    factor = 1;
  else if (scaled->unit == "s")
    factor = 1e3;
  else if (scaled->unit == "m")
    factor = 60e3;
  else if (scaled->unit == "h")
    factor = 3600e3;
  else if (scaled->unit == "d")
    factor = 86400e3;
  else if (!(scaled->unit.empty() && scaled->number == 0))
    return {};
  const double milliseconds = scaled->number * factor;
  if (milliseconds > 1e15) return {};
  return Milliseconds(std::llround(milliseconds));
}

std::string to_string(Bytes size) {
  const auto bytes = static_cast<double>(size.count);
  if (size.count < 1024) return std::to_string(size.count);
  if (size.count < 1024 * 1024) return with_unit(bytes / 1024, "K");
  if (size.count < 1024ull * 1024 * 1024) return with_unit(bytes / 1024 / 1024, "M");
  return with_unit(bytes / 1024 / 1024 / 1024, "G");
}

std::string to_string(Milliseconds duration) {
  const auto ms = duration.count();
  if (ms < 1000) return std::to_string(ms) + "ms";
  if (ms < 60'000) return with_unit(static_cast<double>(ms) / 1000, "s");
  const auto seconds = ms / 1000;
  if (seconds < 3600)
    return std::to_string(seconds / 60) + "m" +
           (seconds % 60 ? std::to_string(seconds % 60) + "s" : "");
  const auto minutes = seconds / 60;
  if (minutes < 24 * 60)
    return std::to_string(minutes / 60) + "h" +
           (minutes % 60 ? std::to_string(minutes % 60) + "m" : "");
  return std::to_string(minutes / 60 / 24) + "d" +
         (minutes / 60 % 24 ? std::to_string(minutes / 60 % 24) + "h" : "");
}

}  // namespace daemonz
