#include "base/clock.h"

#include <doctest/doctest.h>

#include <random>

#include "support/seed.h"

using namespace daemonz;
using namespace std::chrono;

TEST_CASE("clock: times are written in UTC with milliseconds") {
  CHECK(to_iso8601(WallTime{}) == "1970-01-01T00:00:00.000Z");
  const WallTime time = sys_days(year(2026) / 11 / 21) + 13h + 20min + 1s + 123ms + 900us;
  CHECK(to_iso8601(time) == "2026-11-21T13:20:01.123Z");
  CHECK(to_iso8601(WallTime{} - 1ms) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("clock: what is written is read back to the millisecond") {
  std::mt19937_64 random(tests::seed());
  std::uniform_int_distribution<std::int64_t> any(-9'200'000'000'000, 9'200'000'000'000);
  for (int i = 0; i < 2'000; ++i) {
    const auto time = from_unix_milliseconds(any(random));
    const auto text = to_iso8601(time);
    CHECK_MESSAGE((parse_iso8601(text) == time), text);
    CHECK((from_unix_milliseconds(unix_milliseconds(time)) == time));
  }
}

TEST_CASE("clock: the fraction may be absent or finer") {
  const WallTime second = sys_days(year(2026) / 2 / 28) + 1h;
  CHECK(parse_iso8601("2026-02-28T01:00:00Z") == second);
  CHECK(parse_iso8601("2026-02-28T01:00:00.5Z") == second + 500ms);
  CHECK(parse_iso8601("2026-02-28T01:00:00.123456789Z") ==
        second + duration_cast<WallTime::duration>(nanoseconds(123'456'789)));
  CHECK(parse_iso8601("2024-02-29T00:00:00Z").has_value());
}

TEST_CASE("clock: what is no such time is refused") {
  for (const std::string wrong : {"",
                                  "Z",
                                  "2026-02-30T00:00:00Z",
                                  "2025-02-29T00:00:00Z",
                                  "2026-13-01T00:00:00Z",
                                  "2026-00-01T00:00:00Z",
                                  "2026-01-01T24:00:00Z",
                                  "2026-01-01T00:60:00Z",
                                  "2026-01-01T00:00:61Z",
                                  "2026-01-01T00:00:00",
                                  "2026-01-01T00:00:00+01:00",
                                  "2026-01-01 00:00:00Z",
                                  "2026-01-01T00:00:00Zx",
                                  "2026-01-01T00:00:00.Z",
                                  "2026-01-01T00:00:00.1234567890Z",
                                  "2026-1-01T00:00:00Z ",
                                  " 026-01-01T00:00:00Z",
                                  "2026- 1-01T00:00:00Z",
                                  "2026-01-01T 0:00:00Z",
                                  "+026-01-01T00:00:00Z",
                                  "2026-01--1T00:00:00Z"})
    CHECK_MESSAGE(!parse_iso8601(wrong), wrong);
}

TEST_CASE("clock: times beyond 64 bits of nanoseconds are refused or cut, never wrapped round") {
  CHECK(parse_iso8601("2261-12-31T23:59:59.999Z").has_value());
  CHECK(parse_iso8601("1678-01-01T00:00:00Z").has_value());
  for (const std::string wrong :
       {"9999-12-31T23:59:59Z", "2262-01-01T00:00:00Z", "0000-01-01T00:00:00Z"})
    CHECK_MESSAGE(!parse_iso8601(wrong), wrong);
  CHECK(from_unix_milliseconds(INT64_MAX) > from_unix_milliseconds(0));
  CHECK(from_unix_milliseconds(INT64_MIN) < from_unix_milliseconds(0));
}

TEST_CASE("clock: the machine's clocks move on") {
  const auto before = real_clock().steady();
  CHECK(real_clock().steady() >= before);
  CHECK(real_clock().wall() > WallTime(sys_days(year(2020) / 1 / 1)));
}
