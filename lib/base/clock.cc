#include "base/clock.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace daemonz {
namespace {

// WallTime counts nanoseconds in 64 bits: 1677-09-21 to 2262-04-11; whole years are simpler.
constexpr std::chrono::year year_first{1678}, year_last{2261};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int number_at(std::string_view text, std::size_t at, std::size_t size) {
  int number = 0;
  for (const char c : text.substr(at, size)) number = number * 10 + (c - '0');
  return number;
}

// "Z" or ".123Z" with up to nine digits.
std::optional<std::chrono::nanoseconds> read_fraction(std::string_view text) {
  if (text == "Z") return std::chrono::nanoseconds(0);
  constexpr std::size_t digits_max = 9;
  if (text.size() < 3 || text.size() > digits_max + 2 || text.front() != '.' || text.back() != 'Z')
    return {};
  std::int64_t nanoseconds = 0, unit = 100'000'000;
  for (const char c : text.substr(1, text.size() - 2)) {
    if (!is_digit(c)) return {};
    nanoseconds += (c - '0') * unit;
    unit /= 10;
  }
  return std::chrono::nanoseconds(nanoseconds);
}

class RealClock final : public Clock {
 public:
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return std::chrono::system_clock::now(); }
};

}  // namespace

const Clock& real_clock() {
  static const RealClock clock;
  return clock;
}

std::int64_t unix_milliseconds(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

WallTime from_unix_milliseconds(std::int64_t milliseconds) {
  using namespace std::chrono;
  const auto least = ceil<std::chrono::milliseconds>(WallTime::min().time_since_epoch()).count();
  const auto most = floor<std::chrono::milliseconds>(WallTime::max().time_since_epoch()).count();
  return WallTime(std::chrono::milliseconds(std::clamp(milliseconds, least, most)));
}

std::string to_iso8601(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<milliseconds>(time - day)};
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int{date.year()},
                unsigned{date.month()}, unsigned{date.day()},
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text;
}

std::optional<WallTime> parse_iso8601(std::string_view text) {
  using namespace std::chrono;
  constexpr std::string_view shape = "0000-00-00T00:00:00";
  if (text.size() <= shape.size()) return {};
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == '0' ? !is_digit(text[i]) : text[i] != shape[i]) return {};
  const year_month_day date{year{number_at(text, 0, 4)},
                            month{static_cast<unsigned>(number_at(text, 5, 2))},
                            day{static_cast<unsigned>(number_at(text, 8, 2))}};
  const int h = number_at(text, 11, 2), mi = number_at(text, 14, 2), s = number_at(text, 17, 2);
  if (!date.ok() || h > 23 || mi > 59 || s > 60) return {};  // 60: a leap second
  if (date.year() < year_first || date.year() > year_last) return {};
  const auto fraction = read_fraction(text.substr(shape.size()));
  if (!fraction) return {};
  return WallTime(sys_days(date)) + hours(h) + minutes(mi) + seconds(s) +
         duration_cast<WallTime::duration>(*fraction);
}

}  // namespace daemonz
