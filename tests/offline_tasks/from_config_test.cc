#include "offline_tasks/from_config.h"

#include <doctest/doctest.h>

#include <fstream>

#include "base/error.h"
#include "offline_tasks/fake.h"
#include "offline_tasks/registry.h"
#include "sample_tasks.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace std::chrono_literals;
using namespace offline_tasks;

namespace {

struct Site {
  std::string write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(folder / "config");
    std::ofstream(folder / ("config/" + name)) << text;
    return folder / ("config/" + name);
  }
  ConnectOptions options(const std::string& text, const std::string& environment = {}) {
    return connect_options(config::load(write("daemonz.yml", text), {.environment = environment}));
  }
  tests::TempDir folder;
};

}  // namespace

TEST_CASE_FIXTURE(Site, "offline_tasks: daemonz.yml says how to push") {
  write("k1", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n");
  write("k2", std::string(32, 'b'));
  const auto told = options(
      "push:\n"
      "  strategy: http\n"
      "  url: http://127.0.0.1:8500/offline_tasks\n"
      "  deadline: 100ms\n"
      "  fallback: [queue, spool, inline, discard]\n"
      "  spool: tmp/later\n"
      "  signing_keys: {k1: config/k1, k2: config/k2}\n"
      "  sign_with: k2\n"
      "  signature_lifetime: 2h\n"
      "  routes: {\"mail_*\": mail, \"*\": rest}\n"
      "tasks: {quiet: {track: none, keep_failed: false, keep_result: true}}\n");
  CHECK(told.strategy == Strategy::http);
  CHECK(told.url == "http://127.0.0.1:8500/offline_tasks");
  CHECK(told.deadline == 100ms);
  CHECK(told.fallback ==
        std::vector{Fallback::queue, Fallback::spool, Fallback::in_call, Fallback::discard});
  CHECK(told.spool == folder / "tmp/later");
  CHECK(told.signing.keys.at("k1") == std::string(32, 'a'));  // the line end is no part of it
  CHECK(told.signing.sign_with == "k2");
  CHECK(told.signing.lifetime == 2h);
  REQUIRE(told.routes.size() == 2);
  CHECK(told.routes[0].tasks == "mail_*");
  CHECK(told.routes[1].queue == "rest");
  CHECK(told.tasks.at("quiet").track == Track::none);
  CHECK(told.tasks.at("quiet").keep_failed == false);
  CHECK(told.tasks.at("quiet").keep_result == true);
}

TEST_CASE_FIXTURE(Site, "offline_tasks: each environment has its file, the call sites stay") {
  write("daemonz.test.yml", "push: {strategy: fake}\n");
  write("daemonz.development.yml", "push: {strategy: async}\n");
  const std::string stock = "push: {fallback: [queue, spool]}\n";
  CHECK(options(stock, "production").strategy == Strategy::queue);
  CHECK(options(stock, "development").strategy == Strategy::async);
  CHECK(options(stock, "test").strategy == Strategy::fake);
  CHECK(
      queue_options(config::load(write("daemonz.yml", stock), {.environment = "test"})).strategy ==
      Strategy::queue);
}

TEST_CASE_FIXTURE(Site,
                  "offline_tasks: connect_from_config takes the registry that a test brings") {
  const auto registry = Registry::of<samples::Tasks>();
  connect_from_config(write("daemonz.yml", "push: {strategy: fake}\n"), &registry);
  push_push(samples::Echo{1, "x"});
  CHECK(fake().drain().succeeded == 1);
  disconnect();
}

TEST_CASE_FIXTURE(Site, "offline_tasks: a key that cannot be read or is too short names its file") {
  CHECK_THROWS_WITH_AS(options("push: {signing_keys: {k1: config/none}, sign_with: k1}\n"),
                       doctest::Contains("config/none"), Error);
  write("short", "abc\n");
  CHECK_THROWS_WITH_AS(options("push: {signing_keys: {k1: config/short}, sign_with: k1}\n"),
                       doctest::Contains("openssl rand -hex 32"), Error);
  CHECK_THROWS_WITH_AS(options("push: {routes: {\"*\": \"a b\"}}\n"),
                       doctest::Contains("push.routes.*"), config::Faults);
}
