// Where things are, without the reading of all that runs there.
#include <doctest/doctest.h>

#include "config/outline.h"
#include "fixture.h"

using namespace daemonz;
using namespace daemonz::tests;

namespace {

config::Config places_of(const Site& site) {
  return config::load_places(site.file(), {.cores = 4, .variables = &site.variables});
}

}  // namespace

TEST_CASE("outline: what stands below daemons is left out, in every form of the key") {
  using config::without_daemons;
  CHECK(without_daemons("a: 1\ndaemons:\n  x: {}\n\n# y\n  z:\n    - 1\nb: 2\n") == "a: 1\nb: 2\n");
  CHECK(without_daemons(":daemons:\n  :x: {}\n:b: 2") == ":b: 2\n");
  CHECK(without_daemons("daemons: {x: {command: a},\n  y: {}}\nb: 2\n") == "b: 2\n");
  CHECK(without_daemons("daemons:\r\n  x: {}\r\nb: 2\r\n") == "b: 2\r\n");
  CHECK(without_daemons("daemons_x: 1\n  # daemons:\nb:\n  daemons:\n    c: 1\n") ==
        "daemons_x: 1\n  # daemons:\nb:\n  daemons:\n    c: 1\n");
  CHECK(without_daemons("daemons:\n- x\n--- \nb: 2\n") == "--- \nb: 2\n");
  CHECK(without_daemons("").empty());
}

TEST_CASE("places: they are those of a whole load, wherever a file names them") {
  Site site(
      "root_path: /srv/site\ndaemons:\n  one: {command: [sleep, \"1\"]}\n"
      "state_dir: run\nlogger: log/own.log\n");
  site.write("daemonz.test.yml", "master_file: ${root_path}/lock\ndaemons: {one: {vital: true}}\n");
  site.variables["DAEMONZ_ENV"] = "test";
  const auto places = places_of(site), whole = site.load();
  CHECK(places.state_dir == "/srv/site/run");
  CHECK(places.state_dir == whole.state_dir);
  CHECK(places.lock_file == "/srv/site/lock");
  CHECK(places.lock_file == whole.lock_file);
  CHECK(places.logger.path == whole.logger.path);
  CHECK(places.root_path == whole.root_path);
  CHECK(places.environment == "test");
  CHECK(places.daemons.empty());
}

TEST_CASE("places: a fault elsewhere does not hide them, a fault of their own is told") {
  Site site("state_dir: run\nqueue: {port: none}\ndaemons:\n  one: {comand: x}\n");
  CHECK(places_of(site).state_dir == site.root() + "/run");
  CHECK_THROWS_AS((void)site.load(), config::Faults);
  site.write("daemonz.yml", "state_dir: [run]\ndaemons:\n  one: {command: [sleep, \"1\"]}\n");
  CHECK_THROWS_WITH_AS((void)places_of(site), doctest::Contains("state_dir"), config::Faults);
}

TEST_CASE("places: a file that cannot be read without its daemons is read whole") {
  // The flow map ends at the beginning of a line, which the outline takes for something else.
  Site site("daemons: {one: {command: [sleep, \"1\"]}\n}\nstate_dir: run\n");
  CHECK(places_of(site).state_dir == site.root() + "/run");
}
