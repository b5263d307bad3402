#include "base/json.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace daemonz;

namespace {

std::string error_of(const std::string& text) {
  try {
    static_cast<void>(json::parse(text, "job 1"));
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("json: what is no JSON is told with its source and place") {
  CHECK(error_of(R"({"a": [1, 2.5, "x", null, true]})") == "");
  CHECK(error_of("  {}  \n") == "");
  for (const auto* wrong : {"", "{", "{]", "nul", "[1,]", "{} x", "{a:1}", "'a'", "\"\xff\"", "01"})
    CHECK_MESSAGE(error_of(wrong).starts_with("job 1: not JSON: "), wrong);
  CHECK(error_of("{} x").ends_with("at byte 3"));
  CHECK(error_of(std::string("[\"\0\"]", 5)) != "");
}

TEST_CASE("json: nesting has a limit, and what lies within is read") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(error_of(nested(json::depth_max)) == "");
  CHECK(error_of(nested(json::depth_max + 1)).starts_with("job 1: not JSON: "));
  CHECK(error_of(nested(1'000'000)).starts_with("job 1: not JSON: "));
}

TEST_CASE("json: try_parse gives nothing instead of throwing") {
  CHECK(json::try_parse("[1]").has_value());
  CHECK_FALSE(json::try_parse("[1"));
}

TEST_CASE(
    "json: readers give the value, nothing for a missing field, and an error for another type") {
  const auto value =
      json::parse(R"({"s":"x","i":42,"d":2.5,"whole":3.0,"b":true,"o":{},"a":[],"n":null,)"
                  R"("big":18446744073709551615})");
  const auto& from = value.as_object();
  CHECK(json::string_of(from, "s") == "x");
  CHECK(json::integer_of(from, "i") == 42);
  CHECK(json::integer_of(from, "whole") == 3);
  CHECK(json::number_of(from, "d") == 2.5);
  CHECK(json::number_of(from, "i") == 42.0);
  CHECK(json::boolean_of(from, "b") == true);
  CHECK(json::object_of(from, "o") != nullptr);
  CHECK(json::array_of(from, "a") != nullptr);
  for (const auto* absent : {"n", "missing"}) {
    CHECK_FALSE(json::string_of(from, absent));
    CHECK_FALSE(json::integer_of(from, absent));
    CHECK_FALSE(json::number_of(from, absent));
    CHECK_FALSE(json::boolean_of(from, absent));
    CHECK(json::object_of(from, absent) == nullptr);
    CHECK(json::array_of(from, absent) == nullptr);
  }
  CHECK_THROWS_WITH_AS(static_cast<void>(json::integer_of(from, "s")),
                       R"("s" must be a whole number, found "x")", Error);
  CHECK_THROWS_AS(static_cast<void>(json::integer_of(from, "d")), Error);
  CHECK_THROWS_AS(static_cast<void>(json::integer_of(from, "big")), Error);
  CHECK_THROWS_WITH_AS(static_cast<void>(json::string_of(from, "i")),
                       R"("i" must be a string, found 42)", Error);
  CHECK_THROWS_AS(static_cast<void>(json::boolean_of(from, "i")), Error);
  CHECK_THROWS_AS(static_cast<void>(json::number_of(from, "s")), Error);
  CHECK_THROWS_AS(static_cast<void>(json::object_of(from, "a")), Error);
  CHECK_THROWS_AS(static_cast<void>(json::array_of(from, "o")), Error);
}

TEST_CASE("json: a long wrong value is shortened in its error") {
  json::object from;
  from["field"] = std::string(10'000, 'x');
  try {
    static_cast<void>(json::integer_of(from, "field"));
    FAIL("an error was expected");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).size() < 120);
  }
}
