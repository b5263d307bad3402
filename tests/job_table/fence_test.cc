#include "job_table/fence.h"

#include <doctest/doctest.h>

#include "support/databases.h"

using namespace daemonz;
using job_table::Fence;
using job_table::make_token;

namespace {

template <class Kind>
struct Fences {
  Fences() {
    job_table::migrate(*connection);
    connection->execute("CREATE TABLE effects (job TEXT)");
  }
  Kind database;
  std::unique_ptr<db::Connection> connection = db::connect(database.url());

  Fence enter(const std::string& id, job_table::Token token) {
    Fence fence{};
    connection->transaction(
        [&](db::Connection& inside) { fence = job_table::enter_fence(inside, id, token); });
    return fence;
  }
  Fence perform(const std::string& id, job_table::Token token) {
    Fence fence{};
    connection->transaction([&](db::Connection& inside) {
      fence = job_table::enter_fence(inside, id, token);
      if (fence != Fence::open) return;
      inside.execute("INSERT INTO effects VALUES (?)", {id});
      job_table::mark_done(inside, id, token);
    });
    return fence;
  }
};

}  // namespace

TEST_CASE_TEMPLATE("job_table: a fence lets the same or a higher token pass, never a lower one",
                   Kind, DAEMONZ_DATABASES) {
  Fences<Kind> made;
  CHECK(made.enter("a", make_token(0, 5)) == Fence::open);
  CHECK(made.enter("a", make_token(0, 5)) == Fence::open);
  CHECK(made.enter("a", make_token(0, 4)) == Fence::lost);
  CHECK(made.enter("a", make_token(1, 1)) == Fence::open);
  CHECK(made.enter("a", make_token(0, 5)) == Fence::lost);
  CHECK(job_table::look_at_fence(*made.connection, "a", make_token(0, 5)) == Fence::lost);
  CHECK(job_table::look_at_fence(*made.connection, "b", make_token(0, 5)) == Fence::open);
}

TEST_CASE_TEMPLATE(
    "job_table: effects behind a fence happen once, however often the job is delivered", Kind,
    DAEMONZ_DATABASES) {
  Fences<Kind> made;
  CHECK(made.perform("a", make_token(0, 1)) == Fence::open);
  CHECK(made.perform("a", make_token(0, 2)) == Fence::done);
  CHECK(made.perform("a", make_token(1, 3)) == Fence::done);
  CHECK(job_table::look_at_fence(*made.connection, "a", make_token(9, 9)) == Fence::done);
  CHECK(made.connection->query("SELECT * FROM effects").rows.size() == 1);
}

TEST_CASE_TEMPLATE("job_table: a rolled back attempt leaves no mark", Kind, DAEMONZ_DATABASES) {
  Fences<Kind> made;
  CHECK_THROWS_AS(made.connection->transaction([&](db::Connection& inside) {
    REQUIRE(job_table::enter_fence(inside, "a", make_token(0, 9)) == Fence::open);
    job_table::mark_done(inside, "a", make_token(0, 9));
    throw Error("the power of the test");
  }),
                  Error);
  CHECK(made.perform("a", make_token(0, 1)) == Fence::open);
}

TEST_CASE("job_table: a handler whose ALTER commits its transaction is told so") {
  Fences<tests::MariaDb> made;
  CHECK_THROWS_WITH_AS(made.connection->transaction([&](db::Connection& inside) {
    REQUIRE(job_table::enter_fence(inside, "a", make_token(0, 1)) == Fence::open);
    inside.execute("ALTER TABLE effects ADD COLUMN more INTEGER");
    job_table::mark_done(inside, "a", make_token(0, 1));
  }),
                       doctest::Contains("ended by a statement inside it"), Error);
}

TEST_CASE_TEMPLATE("job_table: a key that is empty or too long is refused", Kind,
                   DAEMONZ_DATABASES) {
  Fences<Kind> made;
  CHECK_THROWS_AS(static_cast<void>(made.enter("", 1)), Error);
  CHECK_THROWS_AS(static_cast<void>(made.enter(std::string(191, 'x'), 1)), Error);
}

TEST_CASE_TEMPLATE("job_table: old done marks are swept, open ones stay", Kind, DAEMONZ_DATABASES) {
  Fences<Kind> made;
  made.perform("done", 1);
  made.enter("open", 1);
  CHECK(job_table::sweep_fences(*made.connection, real_clock().wall() - Seconds(60)) == 0);
  CHECK(job_table::sweep_fences(*made.connection, real_clock().wall() + Seconds(60)) == 1);
  CHECK(job_table::look_at_fence(*made.connection, "done", 1) == Fence::open);
}
