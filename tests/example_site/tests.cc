// The shop's tests need no queue and no processor: jobs are performed inside the push.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "offline_tasks/registry.h"
#include "offline_tasks/status.h"
#include "tasks/all.h"
#include "tasks/outbox.h"

using namespace std::chrono_literals;
namespace offline_tasks = daemonz::offline_tasks;
namespace fs = std::filesystem;

namespace {

/// Inline: a push returns when its job, and all that this one pushed, is done.
struct Shop {
  Shop() {
    services.lend(outbox);
    offline_tasks::connect({.strategy = offline_tasks::Strategy::in_call,
                            .registry = &registry,
                            .services = &services});
  }
  ~Shop() {
    offline_tasks::disconnect();
    fs::remove_all(folder);
  }
  std::size_t mails() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
  }

  const fs::path folder = fs::temp_directory_path() / ("shop-tests." + std::to_string(::getpid()));
  Outbox outbox{folder};
  offline_tasks::Services services;
  offline_tasks::Registry registry = offline_tasks::Registry::of<ShopTasks>();
};

}  // namespace

TEST_CASE("shop: an import greets each customer") {
  Shop shop;
  const auto import =
      ShopTasks::push_pull(ImportCustomers{{"Ada,ada@example.org", "Grace,grace@example.org"}});
  CHECK(offline_tasks::wait(import.id(), 1s).result == daemonz::json::parse(R"({"customers":2})"));
  CHECK(shop.mails() == 2);
}

TEST_CASE("shop: a line without a comma, or no address, ends the job for good") {
  Shop shop;
  CHECK_THROWS_WITH(ShopTasks::push_pull(ImportCustomers{{"Ada"}}),
                    doctest::Contains("line 1 has no comma: Ada"));
  CHECK_THROWS_WITH(ShopTasks::push_push(SendMail{.to = "nobody"}),
                    doctest::Contains("is no address"));
  CHECK(shop.mails() == 0);
}
