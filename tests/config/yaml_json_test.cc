#include "config/yaml_json.h"

#include <doctest/doctest.h>

#include <fstream>

#include "base/error.h"
#include "support/temp_dir.h"

using namespace daemonz;

namespace {

std::string json_of(const std::string& text) {
  return json::serialize(config::yaml_text_as_json(text, "problem.yaml"));
}

std::string fault_of(const std::string& text) {
  try {
    return json_of(text);
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("config: plain YAML scalars are typed by the core schema, quoted ones are strings") {
  CHECK(json_of("[1, -2, +3, 0, 0x1F, 0o17, 1.5, .5, 1e3, -0.25]") ==
        "[1,-2,3,0,31,15,1.5E0,5E-1,1E3,-2.5E-1]");
  CHECK(json_of("[true, False, null, ~, ]") == "[true,false,null,null]");
  CHECK(json_of("['1', \"true\", !!str 5]") == R"(["1","true","5"])");
  CHECK(
      json_of("[yes, 010, 00.5, 1_000, 2026-11-21, 12:30, 1.2.3, 0x, .inf, -, 1e, +, e5]") ==
      R"(["yes","010","00.5","1_000","2026-11-21","12:30","1.2.3","0x",".inf","-","1e","+","e5"])");
  CHECK(json_of("99999999999999999999") == "1E20");
}

TEST_CASE("config: a problem.yaml as JSON") {
  CHECK(json_of("name: Hello World!\n"
                "validation: custom interactive\n"
                "limits:\n  memory: 512   # MiB\n  time_multiplier: 2.5\n"
                "keywords: [a, b]\n"
                "validator_flags: float_tolerance 1e-6\n"
                "rights_owner:\n") ==
        R"({"name":"Hello World!","validation":"custom interactive","limits":{"memory":512,)"
        R"("time_multiplier":2.5E0},"keywords":["a","b"],"validator_flags":"float_tolerance 1e-6",)"
        R"("rights_owner":null})");
  CHECK(json_of("") == "null");
  CHECK(json_of("# nothing\n") == "null");
  CHECK(json_of("text: |\n  one\n  two\n") == R"({"text":"one\ntwo\n"})");
  CHECK(json_of("a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\n") ==
        R"({"a":{"b":1},"c":{"b":1},"d":{"e":2,"b":1}})");
  CHECK(json_of(":a: 1\n") == R"({":a":1})");  // symbols are daemonz.yml's alone
}

TEST_CASE("config: what is wrong with a YAML file is told with its place") {
  CHECK(fault_of("a: 1\na: 2\n") ==
        "problem.yaml:2:1: the key \"a\" stands twice (first in line 1)");
  CHECK(fault_of("a: [1\nb: 2\n").starts_with("problem.yaml:"));
  CHECK(fault_of("a: *nothing\n").starts_with("problem.yaml:1:4: not YAML: "));
  CHECK(fault_of("a: 1\n...\n---\nb: 2\n").find("a second document") != std::string::npos);
  CHECK(fault_of(std::string(40, '[') + std::string(40, ']')) ==
        "problem.yaml:1:33: nested more than 32 levels deep");
  CHECK(fault_of(std::string(2'000'000, ' ')) == "problem.yaml: larger than 1M");
}

TEST_CASE("config: a YAML file is read from disk, and a missing one is named") {
  const tests::TempDir dir;
  std::ofstream(dir / "problem.yaml") << "name: x\n";
  CHECK(json::serialize(config::yaml_file_as_json(dir / "problem.yaml")) == R"({"name":"x"})");
  CHECK_THROWS_WITH_AS(static_cast<void>(config::yaml_file_as_json(dir / "none.yaml")),
                       (dir / "none.yaml: cannot open: No such file or directory").c_str(), Error);
}
