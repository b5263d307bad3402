#include "job_table/retention.h"

#include <doctest/doctest.h>

#include "job_table/checkpoint.h"
#include "job_table/fence.h"
#include "job_table/table.h"
#include "support/databases.h"
#include "support/manual_clock.h"

using namespace daemonz;
using job_table::make_token;
using job_table::Retention;
using job_table::State;

namespace {

template <class Kind>
struct Rows {
  Rows() { job_table::migrate(*connection); }
  Kind database;
  std::unique_ptr<db::Connection> connection = db::connect(database.url());
  tests::ManualClock clock;
  job_table::Table table{*connection, clock};

  static job_table::Facts facts(const std::string& id) {
    return {.id = id, .task = "mail", .queue = "pulls", .handler = "{}"};
  }
  void add(const std::string& id, State state) {
    const auto token = make_token(1, 1);
    if (state == State::dead) {
      REQUIRE(table.record_dead(facts(id), token, 1, "x", "{}"));
      return;
    }
    table.record_pushed(facts(id));
    if (state == State::pushed) return;
    if (state == State::cancelled) {
      REQUIRE(table.record_cancelled(id));
      return;
    }
    REQUIRE(table.record_started(facts(id), token, 1, "me"));
    if (state == State::done) REQUIRE(table.record_done(id, token, "1"));
    if (state == State::retrying)
      REQUIRE(table.record_failed(facts(id), token, 1, "x", clock.wall()));
  }
};

}  // namespace

TEST_CASE_TEMPLATE("job_table: each state stays its time, what has not ended stays for ever", Kind,
                   DAEMONZ_DATABASES) {
  Rows<Kind> made;
  for (const auto state :
       {State::pushed, State::running, State::retrying, State::done, State::dead, State::cancelled})
    made.add(job_table::to_string(state), state);
  const Retention retention{.done = Seconds(10), .dead = Seconds(30), .cancelled = Seconds(20)};
  const auto sweep_after = [&](Seconds time) {
    return job_table::sweep(*made.connection, retention, made.clock.wall() + time);
  };
  CHECK(sweep_after(Seconds(5)) == 0);
  CHECK(sweep_after(Seconds(15)) == 1);
  CHECK_FALSE(made.table.find("done"));
  CHECK(sweep_after(Seconds(25)) == 1);
  CHECK_FALSE(made.table.find("cancelled"));
  CHECK(sweep_after(Seconds(35)) == 1);
  CHECK(sweep_after(Seconds(1'000'000)) == 0);
  CHECK(made.table.list({}).size() == 3);
}

TEST_CASE_TEMPLATE("job_table: done marks and checkpoints go when they are old", Kind,
                   DAEMONZ_DATABASES) {
  Rows<Kind> made;
  made.connection->transaction([&](db::Connection& inside) {
    for (const auto* id : {"done", "open"})
      REQUIRE(job_table::enter_fence(inside, id, make_token(0, 1)) == job_table::Fence::open);
    job_table::mark_done(inside, "done", make_token(0, 1));
  });
  REQUIRE(job_table::write_checkpoint(*made.connection, "job", make_token(0, 1), "5000"));
  const auto now = real_clock().wall();
  CHECK(job_table::sweep(*made.connection, {}, now + std::chrono::hours(24 * 80)) == 0);
  CHECK(job_table::sweep(*made.connection, {}, now + std::chrono::hours(24 * 100)) == 2);
  CHECK(job_table::look_at_fence(*made.connection, "open", make_token(0, 0)) ==
        job_table::Fence::lost);
}

TEST_CASE("job_table: a sweep passes over rows that somebody holds") {
  Rows<tests::MariaDb> made;
  made.add("a", State::done);
  made.add("b", State::done);
  const auto holder = db::connect(made.database.url());
  const auto later = made.clock.wall() + std::chrono::hours(24 * 30);
  holder->transaction([&](db::Connection& inside) {
    (void)inside.query("SELECT * FROM daemonz_jobs WHERE id = 'a' FOR UPDATE");
    const auto begin = std::chrono::steady_clock::now();
    CHECK(job_table::sweep(*made.connection, {}, later) == 1);
    CHECK(std::chrono::steady_clock::now() - begin <
          std::chrono::milliseconds(900));  // a lock wait
  });
  CHECK(made.table.find("a"));
  CHECK(job_table::sweep(*made.connection, {}, later) == 1);
}
