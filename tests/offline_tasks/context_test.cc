#include "offline_tasks/context.h"

#include <doctest/doctest.h>

#include "db/connection.h"
#include "job_table/table.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace offline_tasks;

namespace {

/// A database with one table of effects, and attempts at one job.
struct Effects {
  Effects() {
    job_table::migrate(*connection);
    connection->execute("CREATE TABLE effects (what TEXT)");
  }
  [[nodiscard]] Context::Parts parts(std::uint32_t attempt, std::uint64_t delivery) {
    Envelope job;
    job.id = "01J";
    job.task = "pay";
    return {.job = job, .token = Token::of(attempt, delivery), .db = [this]() -> db::Connection& {
              return *connection;
            }};
  }
  [[nodiscard]] std::int64_t count() {
    return db::integer(connection->query("SELECT COUNT(*) FROM effects").rows[0][0]).value();
  }
  static void effect(db::Connection& inside) {
    inside.execute("INSERT INTO effects VALUES ('paid')");
  }
  tests::TempDir folder;
  std::unique_ptr<db::Connection> connection = db::connect("sqlite:" + (folder / "jobs.db"));
};

}  // namespace

TEST_CASE(
    "offline_tasks: an effect in a transaction happens once, however often the job is delivered") {
  Effects effects;
  Context first(effects.parts(0, 7));
  CHECK(first.transaction(Effects::effect));
  Context again(effects.parts(0, 8));
  CHECK_FALSE(again.transaction(Effects::effect));
  Context retry(effects.parts(1, 9));
  CHECK_FALSE(retry.transaction(Effects::effect));
  CHECK(effects.count() == 1);
}

TEST_CASE(
    "offline_tasks: a higher token refuses the transaction of a processor that lost its lease") {
  Effects effects;
  Context successor(effects.parts(0, 8));
  CHECK(successor.transaction("begin", Effects::effect));
  Context stopped(effects.parts(0, 7));
  CHECK_THROWS_AS(stopped.transaction("end", Effects::effect), Superseded);
  CHECK(effects.count() == 1);
  CHECK(successor.transaction("end", Effects::effect));
  CHECK(effects.count() == 2);
}

TEST_CASE("offline_tasks: a transaction that fails leaves nothing, and may be tried again") {
  Effects effects;
  Context context(effects.parts(0, 7));
  const auto failing = [](db::Connection& inside) {
    Effects::effect(inside);
    throw Error("no ink");
  };
  CHECK_THROWS_WITH_AS(context.transaction(failing), "no ink", Error);
  CHECK(effects.count() == 0);
  CHECK(context.transaction(Effects::effect));
  CHECK(effects.count() == 1);
}

TEST_CASE("offline_tasks: several transactions of one task need names, and each happens once") {
  Effects effects;
  Context first(effects.parts(0, 7));
  CHECK(first.transaction("charge", Effects::effect));
  CHECK_THROWS_WITH_AS(first.transaction("charge", Effects::effect), doctest::Contains("name"),
                       Error);
  // It dies here: the next delivery goes on where this one stopped.
  Context second(effects.parts(0, 8));
  CHECK_FALSE(second.transaction("charge", Effects::effect));
  CHECK(second.transaction("ship", Effects::effect));
  CHECK(effects.count() == 2);
}

TEST_CASE("offline_tasks: jobs do not fence one another") {
  Effects effects;
  auto parts = effects.parts(0, 7);
  Context one(parts);
  parts.job.id = "01K";
  parts.token = Token::of(0, 3);
  Context other(parts);
  CHECK(one.transaction(Effects::effect));
  CHECK(other.transaction(Effects::effect));
}

TEST_CASE("offline_tasks: a context without parts still runs, and says what is missing") {
  Envelope job;
  job.id = "01J";
  job.task = "pay";
  Context context({.job = job});
  CHECK_FALSE(context.stop_requested());
  context.progress(1, 2);
  CHECK_FALSE(context.checkpoint());
  context.checkpoint(json::value(5'001));
  CHECK(context.checkpoint() == json::value(5'001));
  CHECK_THROWS_WITH_AS((void)context.db(),
                       doctest::Contains("job 01J (pay): the task wants a database"), Error);
  CHECK_THROWS_WITH_AS((void)context.use<std::string>(), doctest::Contains("services.lend"), Error);
}

TEST_CASE("offline_tasks: a context reaches what the processor lent") {
  Services services;
  std::string mailer = "mailer";
  services.lend(mailer);
  bool is_stopping = false;
  Progress last;
  Context context({.stop_requested = [&] { return is_stopping; },
                   .report_progress = [&](const Progress& progress) { last = progress; },
                   .services = &services});
  CHECK(&context.use<std::string>() == &mailer);
  context.progress(3, 9, "mails");
  CHECK(last.done == 3);
  CHECK(last.note == "mails");
  is_stopping = true;
  CHECK(context.stop_requested());
}

TEST_CASE("offline_tasks: a task runs a helper program, within its limits") {
  using namespace std::chrono_literals;
  Context context({.job = {}});
  const auto said = context.run({"sh", "-c", "echo out; echo err >&2; exit 3"});
  CHECK(said.output == "out\n");
  CHECK(said.errors == "err\n");
  CHECK(said.exit_code == 3);
  CHECK_FALSE(said.is_success());
  const auto slow = context.run({"sleep", "100"}, {.time = 50ms});
  CHECK(slow.is_timed_out);
  CHECK_FALSE(slow.exit_code);
  CHECK_THROWS_WITH_AS((void)context.run({"no-such-program"}), doctest::Contains("no-such-program"),
                       Error);
}
