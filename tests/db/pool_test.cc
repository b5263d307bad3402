#include "db/pool.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "support/databases.h"

using namespace daemonz;

namespace {

template <class Kind>
struct Pooled {
  explicit Pooled(std::size_t limit, Milliseconds wait = Milliseconds(5000))
      : pool({.url = database.url(), .limit = limit, .wait_max = wait}) {}
  Kind database;
  db::Pool pool;
};

}  // namespace

TEST_CASE_TEMPLATE("db: the pool opens connections when they are wanted, and keeps them", Kind,
                   DAEMONZ_DATABASES) {
  Pooled<Kind> made(3);
  CHECK(made.pool.open_count() == 0);
  { const auto first = made.pool.take(); }
  { const auto again = made.pool.take(); }
  CHECK(made.pool.open_count() == 1);
  const auto one = made.pool.take();
  const auto two = made.pool.take();
  CHECK(&*one != &*two);
  CHECK(made.pool.open_count() == 2);
}

TEST_CASE_TEMPLATE("db: a pool that is used up says so after its wait", Kind, DAEMONZ_DATABASES) {
  Pooled<Kind> made(1, Milliseconds(30));
  const auto only = made.pool.take();
  CHECK_THROWS_WITH_AS(static_cast<void>(made.pool.take()),
                       doctest::Contains("no database connection was free within 30ms"), Error);
}

TEST_CASE_TEMPLATE("db: a connection that comes back wakes the one who waits", Kind,
                   DAEMONZ_DATABASES) {
  Pooled<Kind> made(1);
  std::optional<db::Pool::Taken> held(made.pool.take());
  std::atomic<bool> waits{false}, served{false};
  std::thread waiter([&] {
    waits = true;
    const auto taken = made.pool.take();
    served = true;
  });
  while (!waits) std::this_thread::yield();
  CHECK_FALSE(served);
  held.reset();
  waiter.join();
  CHECK(served);
}

TEST_CASE_TEMPLATE("db: many threads never share a connection", Kind, DAEMONZ_DATABASES) {
  Pooled<Kind> made(3);
  std::atomic<int> inside{0}, most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        const auto taken = made.pool.take();
        most = std::max(most.load(), ++inside);
        CHECK(db::integer(taken->query("SELECT 1").rows[0][0]) == 1);
        --inside;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(most <= 3);
}

TEST_CASE_TEMPLATE(
    "db: a connection that comes back inside a transaction is closed, its changes undone", Kind,
    DAEMONZ_DATABASES) {
  Pooled<Kind> made(1);
  made.pool.take()->execute("CREATE TABLE t (a INTEGER)");
  {
    const auto left = made.pool.take();
    left->execute("BEGIN");
    left->execute("INSERT INTO t VALUES (1)");
  }
  CHECK(made.pool.open_count() == 0);
  CHECK(db::integer(made.pool.take()->query("SELECT count(*) FROM t").rows[0][0]) == 0);
}

TEST_CASE("db: a database that cannot be reached leaves the seat free for the next try") {
  tests::TempDir folder;
  db::Pool pool({.url = "sqlite:/proc/nowhere/x.db", .limit = 1, .wait_max = Milliseconds(10)});
  for (int i = 0; i < 3; ++i) CHECK_THROWS_AS(static_cast<void>(pool.take()), db::DatabaseError);
}

TEST_CASE_TEMPLATE("db: forks do not harm the parent's pool", Kind, DAEMONZ_DATABASES) {
  Pooled<Kind> made(2);
  made.pool.take()->execute("CREATE TABLE t (a INTEGER)");
  const auto held = made.pool.take();
  held->execute(Kind::is_mysql ? "BEGIN" : "BEGIN IMMEDIATE");
  held->execute("INSERT INTO t VALUES (1)");
  for (int i = 0; i < 20; ++i) {
    const auto pid = ::fork();
    if (pid == 0) {
      int code = 1;
      try {  // the pool is detached: a SQLite file that the parent has open stays the parent's
        made.pool.take()->execute("INSERT INTO t VALUES (3)");
        code = Kind::is_mysql ? 0 : 3;
      } catch (const Error&) {
        code = !Kind::is_mysql && made.pool.open_count() == 0 ? 0 : 2;
      }
      ::_exit(code);
    }
    int status = -1;
    ::waitpid(pid, &status, 0);
    CHECK(status == 0);
  }
  CHECK(held->is_in_transaction());
  held->execute("INSERT INTO t VALUES (2)");
  held->execute("COMMIT");
  CHECK(db::integer(made.pool.take()->query("SELECT count(*) FROM t WHERE a < 3").rows[0][0]) == 2);
}

TEST_CASE_TEMPLATE("db: a child may open the file when its parent has none open", Kind,
                   DAEMONZ_DATABASES) {
  Pooled<Kind> made(1);
  const auto pid = ::fork();
  if (pid == 0) {
    int code = 1;
    try {
      made.pool.take()->execute("CREATE TABLE t (a INTEGER)");
      code = 0;
    } catch (const Error& problem) {
      std::fprintf(stderr, "%s\n", problem.what());
    }
    ::_exit(code);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  CHECK(status == 0);
  CHECK(made.pool.take()->query("SELECT * FROM t").rows.empty());
}
