#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "db/connection.h"
#include "db/failure_of.h"
#include "support/temp_dir.h"

using namespace daemonz;
using tests::failure_of;

namespace {

struct Database {
  tests::TempDir folder;
  std::string url = "sqlite:" + (folder / "jobs.db");
  std::unique_ptr<db::Connection> connection = db::connect(url);

  std::int64_t count(const std::string& table) const {
    return db::integer(connection->query("SELECT count(*) FROM " + table).rows[0][0]).value();
  }
};

}  // namespace

TEST_CASE("db: the file is made with its folder, in WAL and with foreign keys") {
  tests::TempDir folder;
  const auto connection = db::connect("sqlite:" + (folder / "a/b/jobs.db"));
  CHECK(db::text(connection->query("PRAGMA journal_mode").rows[0][0]) == "wal");
  CHECK(db::integer(connection->query("PRAGMA foreign_keys").rows[0][0]) == 1);
  CHECK(db::integer(connection->query("PRAGMA synchronous").rows[0][0]) == 2);
}

TEST_CASE("db: a bad URL, a folder that cannot be and a file of another kind are told apart") {
  CHECK_THROWS_WITH_AS(static_cast<void>(db::connect("postgres://x/y")),
                       doctest::Contains("not a database URL"), Error);
  CHECK_THROWS_AS(static_cast<void>(db::connect("sqlite:")), Error);
  CHECK(failure_of([] { (void)db::connect("sqlite:/proc/no/where.db"); }) == db::Failure::gone);
  tests::TempDir folder;
  std::ofstream(folder / "text") << std::string(5000, 'x');
  CHECK_THROWS_WITH_AS(static_cast<void>(db::connect("sqlite:" + (folder / "text"))),
                       doctest::Contains("not a database"), db::DatabaseError);
}

TEST_CASE("db: writers in two connections wait for each other") {
  Database made;
  made.connection->execute("CREATE TABLE t (a)");
  constexpr int writes = 50;
  const auto write = [&] {
    const auto connection = db::connect(made.url);
    for (int i = 0; i < writes; ++i)
      connection->transaction([](db::Connection& inside) {
        const auto n = db::integer(inside.query("SELECT count(*) FROM t").rows[0][0]);
        inside.execute("INSERT INTO t VALUES (?)", {*n});
      });
  };
  std::thread first(write), second(write);
  first.join();
  second.join();
  CHECK(db::integer(made.connection->query("SELECT count(DISTINCT a) FROM t").rows[0][0]) ==
        2 * writes);
}

TEST_CASE("db: a lock that outlasts the wait is reported as busy") {
  Database made;
  made.connection->execute("CREATE TABLE t (a)");
  const auto other = db::connect(made.url);
  (void)other->query("PRAGMA busy_timeout=20");
  made.connection->transaction([&](db::Connection&) {
    CHECK(failure_of([&] { other->execute("INSERT INTO t VALUES (1)"); }) == db::Failure::busy);
    int tries = 0;
    CHECK(failure_of([&] { other->transaction([&](db::Connection&) { ++tries; }); }) ==
          db::Failure::busy);
    CHECK(tries == 0);
  });
  other->execute("INSERT INTO t VALUES (1)");
  CHECK(made.count("t") == 1);
}

TEST_CASE("db: a transaction that SQLite rolled back takes nothing more, and can be left") {
  Database made;
  auto& connection = *made.connection;
  connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)");
  CHECK_THROWS_WITH_AS(connection.transaction([](db::Connection& inside) {
    inside.execute("INSERT INTO t VALUES (1)");
    try {
      inside.execute("INSERT OR ROLLBACK INTO t VALUES (1)");
    } catch (const db::DatabaseError&) {
    }
    try {
      inside.execute("INSERT INTO t VALUES (2)");
    } catch (const db::DatabaseError&) {
    }
  }),
                       doctest::Contains("was rolled back before: COMMIT"), db::DatabaseError);
  CHECK_FALSE(connection.is_in_transaction());
  CHECK(made.count("t") == 0);
  connection.execute("INSERT INTO t VALUES (3)");
  CHECK(made.count("t") == 1);
}

TEST_CASE("db: a write to a file that was moved away goes to the one in its place") {
  Database made;
  made.connection->execute("CREATE TABLE t (a)");
  const auto path = made.folder / "jobs.db";
  for (const auto* suffix : {"", "-wal", "-shm"})
    std::filesystem::rename(path + suffix, path + suffix + ".old");
  {
    const auto other = db::connect(made.url);
    other->execute("CREATE TABLE t (a, b DEFAULT 5)");
  }
  made.connection->execute("INSERT INTO t (a) VALUES (1)");
  CHECK(db::integer(db::connect(made.url)->query("SELECT b FROM t").rows.at(0)[0]) == 5);
}

TEST_CASE("db: a file that vanished is an error until it is back, never an empty new one") {
  Database made;
  made.connection->execute("CREATE TABLE t (a)");
  const auto path = made.folder / "jobs.db";
  std::filesystem::rename(path, path + ".away");
  const auto insert = [&] { made.connection->execute("INSERT INTO t VALUES (1)"); };
  CHECK(failure_of(insert) == db::Failure::gone);
  CHECK(failure_of(insert) == db::Failure::gone);
  CHECK_FALSE(std::filesystem::exists(path));
  std::filesystem::rename(path + ".away", path);
  insert();
  CHECK(made.count("t") == 1);
}

TEST_CASE("db: many processes may open a new file at once") {
  tests::TempDir folder;
  const auto url = "sqlite:" + (folder / "jobs.db");
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    const auto pid = ::fork();
    if (pid == 0) {
      int code = 1;
      try {
        db::connect(url)->execute("CREATE TABLE IF NOT EXISTS t (a)");
        code = 0;
      } catch (const Error& problem) {
        std::fprintf(stderr, "%s\n", problem.what());
      }
      ::_exit(code);
    }
    children.push_back(pid);
  }
  for (const auto pid : children) {
    int status = -1;
    ::waitpid(pid, &status, 0);
    CHECK(status == 0);
  }
}
