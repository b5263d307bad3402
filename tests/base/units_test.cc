#include "base/units.h"

#include <doctest/doctest.h>

using namespace daemonz;

TEST_CASE("units: sizes are read with K, M and G and nothing else") {
  CHECK(parse_bytes("300") == Bytes(300));
  CHECK(parse_bytes("64K") == kibibytes(64));
  CHECK(parse_bytes("1.5M") == Bytes(1572864));
  CHECK(parse_bytes("2GiB") == gibibytes(2));
  for (const auto* wrong : {"", "K", "-1", "1T", "1 M", "0.3", "1e3", "99999999999G"})
    CHECK_MESSAGE(!parse_bytes(wrong), wrong);
}

TEST_CASE("units: durations are read with their unit, and a bare number is refused") {
  CHECK(parse_duration("500ms") == Milliseconds(500));
  CHECK(parse_duration("1.5s") == Milliseconds(1500));
  CHECK(parse_duration("2d") == Milliseconds(172'800'000));
  CHECK(parse_duration("0") == Milliseconds(0));
  for (const auto* wrong : {"", "5", "s", "-1s", "1 s", "5sec", "1.s"})
    CHECK_MESSAGE(!parse_duration(wrong), wrong);
}

TEST_CASE("units: a number has digits only and fits 64 bits") {
  CHECK(parse_number("18446744073709551615") == 18446744073709551615ull);
  for (const auto* wrong : {"", "-1", "+1", " 1", "1 ", "18446744073709551616", "0x1"})
    CHECK_MESSAGE(!parse_number(wrong), wrong);
}

TEST_CASE("units: what people read") {
  CHECK(to_string(Bytes(1536)) == "1.5K");
  CHECK(to_string(mebibytes(32)) == "32M");
  CHECK(to_string(Milliseconds(250)) == "250ms");
  CHECK(to_string(Milliseconds(1500)) == "1.5s");
  CHECK(to_string(Milliseconds(7'380'000)) == "2h3m");
}
