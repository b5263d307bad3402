#include "offline_tasks/arguments.h"

#include <doctest/doctest.h>

#include <limits>

#include "base/error.h"

using namespace daemonz;
using offline_tasks::from_json;
using offline_tasks::to_json;

namespace {

struct Size {
  std::uint16_t width = 640, height = 480;
};
BOOST_DESCRIBE_STRUCT(Size, (), (width, height))

struct Resize {
  std::int64_t picture = -1;
  std::string format = "png";
  bool keep = true;
  double quality = 0.5;
  std::optional<std::string> owner;
  std::vector<Size> sizes;
  std::map<std::string, std::vector<int>> tags;
  std::uint64_t bytes = 0;
  json::value extra;
};
BOOST_DESCRIBE_STRUCT(Resize, (),
                      (picture, format, keep, quality, owner, sizes, tags, bytes, extra))

std::string fault_of(const char* args) {
  try {
    (void)from_json<Resize>(json::parse(args).as_object());
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("offline_tasks: arguments come back from JSON as they went") {
  const Resize before{.picture = 9'007'199'254'740'993,
                      .format = "w\xc3\xa9\"bp\n",
                      .keep = false,
                      .quality = 0.1,
                      .owner = "ann",
                      .sizes = {{1, 2}, {65535, 0}},
                      .tags = {{"a", {1, -2}}, {"", {}}},
                      .bytes = std::numeric_limits<std::uint64_t>::max(),
                      .extra = {{"x", 1}}};
  const auto text = json::serialize(to_json(before));
  const auto after = from_json<Resize>(json::parse(text).as_object());
  CHECK(after.picture == before.picture);
  CHECK(after.format == before.format);
  CHECK(after.keep == before.keep);
  CHECK(after.quality == before.quality);
  CHECK(after.owner == before.owner);
  REQUIRE(after.sizes.size() == 2);
  CHECK(after.sizes[1].width == 65535);
  CHECK(after.tags == before.tags);
  CHECK(after.bytes == before.bytes);
  CHECK(after.extra == before.extra);
}

TEST_CASE("offline_tasks: a missing argument keeps its default, an unknown one is left alone") {
  const auto task = from_json<Resize>(
      json::parse(R"({"sizes":[{"height":3}],"owner":null,"from_tomorrow":1})").as_object());
  CHECK(task.format == "png");
  CHECK(task.picture == -1);
  CHECK_FALSE(task.owner);
  REQUIRE(task.sizes.size() == 1);
  CHECK(task.sizes[0].width == 640);
  CHECK(task.sizes[0].height == 3);
}

TEST_CASE("offline_tasks: an argument of a wrong type is an error that names it") {
  CHECK(fault_of(R"({"picture":"abc"})") ==
        "argument \"picture\" must be a whole number in -9223372036854775808..9223372036854775807, "
        "found \"abc\"");
  CHECK(fault_of(R"({"sizes":[{},{"width":70000}]})") ==
        "argument \"sizes[1].width\" must be a whole number in 0..65535, found 70000");
  CHECK(fault_of(R"({"sizes":[{"width":-1}]})").find("sizes[0].width") != std::string::npos);
  CHECK(fault_of(R"({"sizes":[{"width":1.5}]})").find("sizes[0].width") != std::string::npos);
  CHECK(fault_of(R"({"sizes":{}})") == "argument \"sizes\" must be an array, found {}");
  CHECK(fault_of(R"({"tags":{"a":[1,true]}})") ==
        "argument \"tags.a[1]\" must be a whole number in -2147483648..2147483647, found true");
  CHECK(fault_of(R"({"keep":1})") == "argument \"keep\" must be true or false, found 1");
  CHECK(fault_of(R"({"format":null})") == "argument \"format\" must be a string, found null");
  CHECK(fault_of(R"({"quality":"high"})") ==
        "argument \"quality\" must be a number, found \"high\"");
}

TEST_CASE(
    "offline_tasks: what JSON cannot carry is refused when it is pushed, not when it arrives") {
  Resize task;
  task.tags["a\xff"] = {};
  CHECK_NOTHROW((void)to_json(task));  // keys: the envelope as a whole is checked, envelope_test.cc
  task.format = "\xff\xfe";
  CHECK_THROWS_WITH_AS((void)to_json(task), doctest::Contains("argument \"format\" is not UTF-8"),
                       Error);
  task.format = "png";
  task.quality = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH_AS((void)to_json(task), doctest::Contains("argument \"quality\" is nan"),
                       Error);
}
