// The shop's tests need no queue and no processor: jobs are performed inside the push (inline), or
// recorded and performed when the test says so (fake). The call sites are the same.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "offline_tasks/fake.h"
#include "offline_tasks/registry.h"
#include "offline_tasks/status.h"
#include "tasks/all.h"
#include "tasks/outbox.h"

using namespace std::chrono_literals;
namespace offline_tasks = daemonz::offline_tasks;
namespace fs = std::filesystem;

namespace {

struct Shop {
  explicit Shop(offline_tasks::Strategy strategy) {
    services.lend(outbox);
    offline_tasks::connect({.strategy = strategy, .registry = &registry, .services = &services});
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
  Shop shop(offline_tasks::Strategy::in_call);
  const auto import =
      ShopTasks::push_pull(ImportCustomers{{"Ada,ada@example.org", "Grace,grace@example.org"}});
  CHECK(offline_tasks::wait(import.id(), 1s).result == daemonz::json::parse(R"({"customers":2})"));
  CHECK(shop.mails() == 2);
}

TEST_CASE("shop: a line without a comma, or no address, ends the job for good") {
  Shop shop(offline_tasks::Strategy::in_call);
  CHECK_THROWS_WITH(ShopTasks::push_pull(ImportCustomers{{"Ada"}}),
                    doctest::Contains("line 1 has no comma: Ada"));
  CHECK_THROWS_WITH(ShopTasks::push_push(SendMail{.to = "nobody"}),
                    doctest::Contains("is no address"));
  CHECK(shop.mails() == 0);
}

TEST_CASE("shop: nothing runs before the test says so") {
  Shop shop(offline_tasks::Strategy::fake);
  ShopTasks::push_pull(ImportCustomers{{"Ada,ada@example.org", "Grace,grace@example.org"}});
  CHECK(offline_tasks::fake().pushed<ImportCustomers>().at(0).lines.size() == 2);
  CHECK(shop.mails() == 0);
  CHECK(offline_tasks::fake().drain().succeeded == 3);
  CHECK(offline_tasks::fake().pushed<SendMail>().at(1).to == "grace@example.org");
  CHECK(shop.mails() == 2);
}
