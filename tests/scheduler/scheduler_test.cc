#include "scheduler/scheduler.h"

#include <doctest/doctest.h>

#include "job_table/table.h"
#include "offline_tasks/envelope.h"
#include "offline_tasks/job_facts.h"
#include "offline_tasks/outbox.h"
#include "offline_tasks/spool.h"
#include "scheduler/dead_deliveries.h"
#include "scheduler/leader.h"
#include "scheduler/retry.h"
#include "support/broker_double.h"
#include "support/manual_clock.h"
#include "support/running_server.h"
#include "support/temp_dir.h"

using namespace daemonz;
using job_table::State;

namespace {

struct Site {
  Site() {
    job_table::migrate(*connection);
    scheduler::migrate(*connection);
  }
  tests::TempDir folder;
  std::unique_ptr<db::Connection> connection = db::connect("sqlite:" + (folder / "jobs.db"));
  tests::BrokerEngine engine;
  tests::BrokerDouble broker{engine};
  job_table::Table table{*connection};

  void put(const std::string& queue, const std::string& bytes) {
    REQUIRE(broker.push(QueueName(queue), bytes, {}).state == broker::PushState::confirmed);
  }
};

offline_tasks::Envelope job(const std::string& queue) {
  offline_tasks::Envelope job;
  job.id = offline_tasks::new_job_id();
  job.task = "note";
  job.queue = queue;
  job.created = real_clock().wall();
  return job;
}

}  // namespace

TEST_CASE("scheduler: dead deliveries of every queue end in the job table, with their reason") {
  Site site;
  const auto given_up = offline_tasks::after_failure(job("pulls"), "no receiver", job("x").created);
  const auto taken_away = job("pushes");
  site.put("pulls.dead", given_up.encode());
  site.put("pushes.dead", taken_away.encode());
  site.put("pulls", job("pulls").encode());
  CHECK(scheduler::collect_dead(site.broker, *site.connection) == 2);
  CHECK(scheduler::collect_dead(site.broker, *site.connection) == 0);
  const auto first = site.table.find(given_up.id).value();
  CHECK(first.state == State::dead);
  CHECK(first.last_error == "no receiver");
  CHECK(first.envelope == given_up.encode());
  CHECK(site.table.find(taken_away.id)->last_error.find("too many deliveries") !=
        std::string::npos);
  CHECK(site.engine.items("pulls").size() == 1);
  CHECK(site.engine.items("pulls.dead").empty());
}

TEST_CASE("scheduler: of a job that the queue took away its hook is told, once") {
  Site site;
  const auto crashed = job("pulls");
  // It failed once, told so, and ended its processors after that.
  auto failed_before = offline_tasks::after_failure(job("pulls"), "no receiver", {});
  REQUIRE(site.table.record_started(offline_tasks::facts_of(failed_before),
                                    job_table::make_token(1, 7), 2, "me"));
  // Two that a processor gave up: with its row, and with a database that was away.
  const auto given_up = offline_tasks::after_failure(job("pulls"), "too large", {});
  REQUIRE(site.table.record_dead(offline_tasks::facts_of(given_up), job_table::make_token(0, 3), 1,
                                 "too large", ""));
  const auto unrecorded = offline_tasks::after_failure(job("pulls"), "too large", {});
  std::vector<std::string> told;
  const auto collect = [&] {
    return scheduler::collect_dead(
        site.broker, *site.connection, real_clock(),
        [&](const offline_tasks::Envelope& dead, const std::string& why) {
          CHECK(why.find("too many deliveries") != std::string::npos);
          told.push_back(dead.id);
        });
  };
  for (const auto& dead : {crashed, failed_before, given_up, unrecorded})
    site.put("pulls.dead", dead.encode());
  site.engine.answer_settles_with(broker::Settled::unknown);  // as when we die before the ack
  CHECK(collect() == 0);
  site.engine.answer_settles_with(std::nullopt);
  site.engine.lapse_all();
  CHECK(collect() == 4);
  CHECK(told == std::vector{crashed.id, failed_before.id});
  const auto row = site.table.find(failed_before.id).value();
  CHECK(row.attempts == 2);
  CHECK(row.last_error.find("too many deliveries") != std::string::npos);
  CHECK(site.table.find(unrecorded.id)->last_error == "too large");
}

TEST_CASE("scheduler: bytes that are no envelope keep every byte in the job table") {
  Site site;
  const std::string bytes("\xff\x00 not JSON", 11);
  site.put("pulls.dead", bytes);
  CHECK(scheduler::collect_dead(site.broker, *site.connection) == 1);
  const auto rows = site.table.list({.states = {State::dead}});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].task == "raw");
  CHECK(rows[0].envelope == bytes);
  CHECK(rows[0].last_error == "not an envelope");
}

TEST_CASE("scheduler: a delivery that is moved twice makes one row") {
  Site site;
  const auto dead = job("pulls");
  site.put("pulls.dead", dead.encode());
  site.engine.answer_settles_with(broker::Settled::unknown);  // as when we die before the ack
  CHECK(scheduler::collect_dead(site.broker, *site.connection) == 0);
  site.engine.answer_settles_with(std::nullopt);
  site.engine.lapse_all();
  CHECK(scheduler::collect_dead(site.broker, *site.connection) == 1);
  CHECK(site.table.list({}).size() == 1);
}

TEST_CASE("scheduler: a job that was done all the same stays done") {
  Site site;
  const auto late = job("pulls");
  REQUIRE(
      site.table.record_started({.id = late.id, .task = "note", .queue = "pulls", .handler = "{}"},
                                job_table::make_token(0, 1), 1, "me"));
  REQUIRE(site.table.record_done(late.id, job_table::make_token(0, 1), "1"));
  site.put("pulls.dead", late.encode());
  CHECK(scheduler::collect_dead(site.broker, *site.connection) == 1);
  CHECK(site.table.find(late.id)->state == State::done);
}

TEST_CASE("scheduler: one leads, another takes over when it resigns or its lease lapses") {
  Site site;
  tests::ManualClock clock;
  scheduler::Leader first("a", Seconds(15), clock), second("b", Seconds(15), clock);
  CHECK(first.try_lead(*site.connection));
  CHECK_FALSE(second.try_lead(*site.connection));
  clock.advance(Seconds(10));
  CHECK(first.try_lead(*site.connection));
  clock.advance(Seconds(10));
  CHECK_FALSE(second.try_lead(*site.connection));
  first.resign(*site.connection);
  CHECK(second.try_lead(*site.connection));
  clock.advance(Seconds(16));
  CHECK(first.try_lead(*site.connection));
  CHECK_FALSE(second.try_lead(*site.connection));
  second.resign(*site.connection);  // not its to give up
  CHECK_FALSE(second.try_lead(*site.connection));
}

TEST_CASE("scheduler: a delivery that cannot be written down is given back at once, uncounted") {
  Site site;
  site.put("pulls.dead", job("pulls").encode());
  site.connection->execute("ALTER TABLE daemonz_jobs RENAME TO jobs_away");
  CHECK_THROWS_AS((void)scheduler::collect_dead(site.broker, *site.connection), Error);
  REQUIRE(site.engine.items("pulls.dead").size() == 1);
  CHECK(site.engine.items("pulls.dead")[0].deliveries == 0);
  site.connection->execute("ALTER TABLE jobs_away RENAME TO daemonz_jobs");
  CHECK(scheduler::collect_dead(site.broker, *site.connection) == 1);
}

TEST_CASE("scheduler: what no waiting mends ends it") {
  Site site;
  const std::stop_source never;
  const auto run = [&](const std::string& database) {
    scheduler::run({.broker = "memcache+unix://" + (site.folder / "nobody.sock"),
                    .database = database,
                    .name = "me",
                    .every = Milliseconds(10)},
                   never.get_token());
  };
  CHECK_THROWS_WITH_AS(run("nonsense"), doctest::Contains("not a database URL"), Error);
  site.connection->execute("UPDATE daemonz_schema SET version = 99");
  CHECK_THROWS_WITH_AS(run("sqlite:" + (site.folder / "jobs.db")), doctest::Contains("99"), Error);
}

TEST_CASE("scheduler: it waits for a queue that is away, and stops when told") {
  Site site;
  std::jthread runner([&](const std::stop_token& stop) {
    scheduler::run({.broker = "memcache+unix://" + (site.folder / "nobody.sock"),
                    .database = "sqlite:" + (site.folder / "jobs.db"),
                    .name = "me",
                    .every = Milliseconds(10),
                    .on_ready = [] { FAIL("ready without a queue"); }},
                   stop);
  });
  runner.request_stop();
  runner.join();
  CHECK(site.connection->query("SELECT * FROM daemonz_leases").rows.empty());
}

TEST_CASE("scheduler: a dead job is pushed again with fresh attempts, once for each death") {
  Site site;
  auto first = job("pulls");
  first.max_attempts = 1;
  first = offline_tasks::after_failure(first, "no receiver", first.created);
  site.put("pulls.dead", first.encode());
  REQUIRE(scheduler::collect_dead(site.broker, *site.connection) == 1);
  const auto dead = site.table.find(first.id).value();
  scheduler::retry_dead(dead, site.broker, *site.connection);
  const auto items = site.engine.items("pulls");
  REQUIRE(items.size() == 1);
  const auto again = offline_tasks::Envelope::decode(items[0].body).value();
  CHECK(again.id == first.id);
  CHECK(again.attempt == 1);
  CHECK(again.max_attempts == 2);
  CHECK(again.errors.size() == 1);
  CHECK(site.table.find(first.id)->state == State::pushed);
  CHECK(items[0].options.id != first.id);
  scheduler::retry_dead(dead, site.broker, *site.connection);  // its answer had been lost
  CHECK(site.engine.items("pulls")[1].options.id == items[0].options.id);
  CHECK_THROWS_AS(
      scheduler::retry_dead(site.table.find(first.id).value(), site.broker, *site.connection),
      Error);
}

TEST_CASE("scheduler: a job too large for what a retry adds is pushed again as it came") {
  Site site;
  std::string bytes = R"({"id":"large","task":"note","args":{"text":")";
  bytes += std::string(offline_tasks::envelope_size_max.count - bytes.size() - 3, 'x') + "\"}}";
  site.put("pulls.dead", bytes);
  REQUIRE(scheduler::collect_dead(site.broker, *site.connection) == 1);
  scheduler::retry_dead(site.table.find("large").value(), site.broker, *site.connection);
  CHECK((site.engine.items("pulls").at(0).body == bytes));  // it names no queue, as others' do
}

TEST_CASE("scheduler: bytes that are no envelope are pushed again as they came") {
  Site site;
  site.put("pulls.dead", "work:42");
  REQUIRE(scheduler::collect_dead(site.broker, *site.connection) == 1);
  scheduler::retry_dead(site.table.list({}).at(0), site.broker, *site.connection);
  CHECK(site.engine.items("pulls").at(0).body == "work:42");
}

TEST_CASE("scheduler: what front ends spooled and what transactions pushed is on the queue soon") {
  tests::RunningServer server;
  tests::TempDir folder;
  const auto database = "sqlite:" + (folder / "jobs.db");
  const auto spooled = job("pushes");
  offline_tasks::SpoolWay spool(folder / "spool");
  REQUIRE(spool.take({{spooled}, {spooled.encode()}}, Milliseconds(0)).state ==
          broker::PushState::confirmed);
  const auto connection = db::connect(database);
  offline_tasks::migrate_outbox(*connection);
  offline_tasks::JobId committed;
  connection->transaction([&](db::Connection& tx) {
    committed = offline_tasks::push(tx, {.task = "note", .args = {}});
  });
  std::jthread daemon([&](const std::stop_token& stop) {
    scheduler::run({.broker = server.unix_url(),
                    .database = database,
                    .name = "s",
                    .spool = folder / "spool",
                    .every = Milliseconds(20)},
                   stop);
  });
  const auto broker = broker::connect({.url = server.unix_url()});
  std::set<std::string> ids;
  while (ids.size() < 2) {
    const auto lease = broker->pop({.queues = {QueueName("pushes")}, .wait = Seconds(10)}).lease;
    REQUIRE(lease);
    ids.insert(offline_tasks::Envelope::decode(lease->body)->id);
    REQUIRE(broker->ack(*lease) == broker::Settled::done);
  }
  CHECK(ids == std::set<std::string>{spooled.id, committed});
}
