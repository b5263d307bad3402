#include "offline_tasks/outbox.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "base/error.h"
#include "offline_tasks/fake.h"
#include "sample_tasks.h"
#include "support/broker_double.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace std::chrono_literals;
using namespace offline_tasks;

namespace {

struct Site {
  Site() {
    connect({.strategy = Strategy::fake});
    migrate_outbox(*database);
    database->execute("CREATE TABLE orders (number INTEGER)");
  }
  ~Site() { disconnect(); }
  void order(std::int64_t number, const Options& options = {}) {
    database->transaction([&](db::Connection& tx) {
      tx.execute("INSERT INTO orders (number) VALUES (?)", {number});
      push(tx, samples::Echo{number, "thanks"}, options);
      if (number < 0) throw std::runtime_error("no such order");
    });
  }
  std::int64_t count(const std::string& table) {
    return db::integer(database->query("SELECT COUNT(*) FROM " + table).rows[0][0]).value();
  }
  tests::TempDir folder;
  std::unique_ptr<db::Connection> database = db::connect("sqlite:" + (folder / "site.db"));
  tests::BrokerEngine engine;
  tests::BrokerDouble broker{engine};
};

}  // namespace

TEST_CASE_FIXTURE(Site, "offline_tasks: a push in a transaction happens with it or not at all") {
  order(1);
  CHECK_THROWS_AS(order(-1), std::runtime_error);
  order(2, {.delay = 5s});
  CHECK(count("orders") == 2);
  CHECK(count("daemonz_outbox") == 2);
  CHECK(relay_outbox(*database, broker).pushed == 2);
  CHECK(relay_outbox(*database, broker).pushed == 0);
  CHECK(count("daemonz_outbox") == 0);
  const auto items = engine.items("echoes");
  REQUIRE(items.size() == 2);
  const auto first = Envelope::decode(items[0].body).value();
  CHECK(first.args.at("number") == 1);
  CHECK(first.max_attempts == 3);
  CHECK(items[0].options.id == first.id);
  CHECK(items[1].options.delay > 4s);
}

TEST_CASE_FIXTURE(Site, "offline_tasks: rows wait for a queue that is away, in order") {
  for (int i = 1; i <= 3; ++i) order(i);
  engine.set_reachable(false);
  CHECK(relay_outbox(*database, broker).pushed == 0);
  CHECK(count("daemonz_outbox") == 3);
  engine.set_reachable(true);
  CHECK(relay_outbox(*database, broker).pushed == 3);
  CHECK(Envelope::decode(engine.items("echoes")[2].body)->args.at("number") == 3);
}

TEST_CASE_FIXTURE(Site,
                  "offline_tasks: a refused row stays with its reason and holds up no other") {
  for (int i = 1; i <= 2; ++i) order(i);
  const auto relayed = relay_outbox(*database, [](const Parcel& parcel) {
    const bool is_first = parcel.jobs[0].args.at("number") == 1;
    return is_first ? broker::PushResult{broker::PushState::refused, "too large"}
                    : broker::PushResult{broker::PushState::duplicate, ""};
  });
  CHECK(relayed.refused == 1);
  CHECK(relayed.duplicates == 1);
  CHECK(db::text(database->query("SELECT problem FROM daemonz_outbox").rows.at(0)[0]) ==
        "too large");
}

TEST_CASE_FIXTURE(Site, "offline_tasks: without a scheduler a test relays by itself") {
  order(1);
  CHECK(fake().jobs().empty());
  CHECK(relay_outbox(*database).pushed == 1);
  CHECK(fake().pushed<samples::Echo>().at(0).number == 1);
  CHECK_THROWS_WITH_AS(push(*database, samples::Echo{}),
                       doctest::Contains("outside of a transaction"), Error);
}
