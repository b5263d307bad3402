// What holds on SQLite and on MariaDB alike.
#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "db/connection.h"
#include "db/failure_of.h"
#include "support/databases.h"

using namespace daemonz;
using db::Row;
using tests::failure_of;

namespace {

template <class Kind>
struct Database {
  Kind kind;
  std::string url = kind.url();
  std::unique_ptr<db::Connection> connection = db::connect(url);

  std::int64_t count(const std::string& table) const {
    return db::integer(connection->query("SELECT count(*) FROM " + table).rows[0][0]).value();
  }
};

}  // namespace

TEST_CASE_TEMPLATE("db: values of every kind come back as they went in", Kind, DAEMONZ_DATABASES) {
  Database<Kind> made;
  auto& connection = *made.connection;
  connection.execute("CREATE TABLE t (a INTEGER, b BIGINT, c DOUBLE, d BLOB, e TEXT)");
  const std::string bytes("a\0b\xff", 4), text("\u00e4\U0001f600\0z", 8);
  CHECK(connection.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?)",
                           {std::monostate(), std::int64_t{-7}, 2.5, bytes, text}) == 1);
  const auto found = connection.query("SELECT a, b, c, d, e, '' AS f FROM t");
  CHECK(found.columns == std::vector<std::string>{"a", "b", "c", "d", "e", "f"});
  REQUIRE(found.rows.size() == 1);
  CHECK(found.rows[0] == Row{std::monostate(), std::int64_t{-7}, 2.5, bytes, text, std::string()});
  CHECK(db::text(found.rows[0][0]).empty());
  CHECK_FALSE(db::integer(found.rows[0][0]));
  CHECK(db::integer(db::Value(std::string("12"))) == 12);
  CHECK_FALSE(db::integer(db::Value(std::string("12x"))));
}

TEST_CASE_TEMPLATE("db: rows of very different sizes come back whole", Kind, DAEMONZ_DATABASES) {
  Database<Kind> made;
  made.connection->execute("CREATE TABLE t (n INTEGER, bytes LONGTEXT)");
  for (std::int64_t n = 0; n < 21; ++n)
    made.connection->execute("INSERT INTO t VALUES (?, ?)",
                             {n, std::string(n == 0 ? 0 : std::size_t{1} << (n - 1), 'x')});
  const auto found = made.connection->query("SELECT n, bytes FROM t ORDER BY n");
  REQUIRE(found.rows.size() == 21);
  for (std::size_t n = 1; n < 21; ++n)
    CHECK(db::text(found.rows[n][1]) == std::string(std::size_t{1} << (n - 1), 'x'));
}

TEST_CASE_TEMPLATE("db: the key of the last insert, and rows that an update found", Kind,
                   DAEMONZ_DATABASES) {
  Database<Kind> made;
  auto& connection = *made.connection;
  connection.execute(Kind::is_mysql
                         ? "CREATE TABLE t (id BIGINT AUTO_INCREMENT PRIMARY KEY, n INTEGER)"
                         : "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)");
  for (std::int64_t n = 1; n <= 3; ++n) {
    connection.execute("INSERT INTO t (n) VALUES (5)");
    CHECK(connection.last_insert_id() == n);
  }
  CHECK(connection.query("SELECT n FROM t").rows.size() == 3);
  CHECK(connection.last_insert_id() == 3);
  CHECK(connection.execute("UPDATE t SET n = 5") == 3);  // to what they were
  CHECK(connection.execute("UPDATE t SET n = 6 WHERE id > 1") == 2);
  CHECK(connection.execute("DELETE FROM t WHERE id > 9") == 0);
}

TEST_CASE_TEMPLATE("db: a transaction is committed whole or not at all", Kind, DAEMONZ_DATABASES) {
  Database<Kind> made;
  auto& connection = *made.connection;
  connection.execute("CREATE TABLE t (a INTEGER)");
  connection.transaction([](db::Connection& inside) {
    CHECK(inside.is_in_transaction());
    inside.execute("INSERT INTO t VALUES (1)");
    CHECK(inside.query("SELECT a FROM t").rows.size() == 1);
    CHECK(inside.is_in_transaction());
  });
  CHECK(made.count("t") == 1);
  CHECK_THROWS_WITH_AS(connection.transaction([](db::Connection& inside) {
    inside.execute("INSERT INTO t VALUES (2)");
    throw Error("the handler failed");
  }),
                       "the handler failed", Error);
  CHECK(made.count("t") == 1);
  CHECK_FALSE(connection.is_in_transaction());
  CHECK_THROWS_AS(connection.transaction(
                      [](db::Connection& inside) { inside.transaction([](db::Connection&) {}); }),
                  Error);
  CHECK_FALSE(connection.is_in_transaction());
}

TEST_CASE_TEMPLATE("db: constraint, syntax and wrong number of values are refused", Kind,
                   DAEMONZ_DATABASES) {
  Database<Kind> made;
  auto& connection = *made.connection;
  connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)");
  connection.execute("INSERT INTO t VALUES (1)");
  CHECK(failure_of([&] { connection.execute("INSERT INTO t VALUES (1)"); }) ==
        db::Failure::constraint);
  CHECK(failure_of([&] { connection.execute("INSERT INTO nowhere VALUES (1)"); }) ==
        db::Failure::other);
  CHECK_THROWS_AS(connection.execute("INSERT INTO t VALUES (?)"), Error);
  CHECK_THROWS_AS(connection.execute("DELETE FROM t; DELETE FROM t"), Error);
  CHECK(made.count("t") == 1);
}

TEST_CASE_TEMPLATE("db: writers in two connections wait for each other", Kind, DAEMONZ_DATABASES) {
  Database<Kind> made;
  made.connection->execute("CREATE TABLE t (a INTEGER)");
  made.connection->execute("INSERT INTO t VALUES (0)");
  constexpr int writes = 50;
  const auto write = [&] {
    const auto connection = db::connect(made.url);
    for (int i = 0; i < writes; ++i)
      connection->transaction(
          [](db::Connection& inside) { inside.execute("UPDATE t SET a = a + 1"); });
  };
  std::thread first(write), second(write);
  first.join();
  second.join();
  CHECK(db::integer(made.connection->query("SELECT a FROM t").rows[0][0]) == 2 * writes);
}

TEST_CASE_TEMPLATE("db: a lock that outlasts the wait is reported as busy", Kind,
                   DAEMONZ_DATABASES) {
  Database<Kind> made;
  made.connection->execute("CREATE TABLE t (a INTEGER)");
  made.connection->execute("INSERT INTO t VALUES (1)");
  const auto other = db::connect(made.url, Milliseconds(20));
  made.connection->transaction([&](db::Connection& inside) {
    inside.execute("UPDATE t SET a = 2");
    CHECK(failure_of([&] { other->execute("UPDATE t SET a = 3"); }) == db::Failure::busy);
  });
  other->execute("UPDATE t SET a = a + 1");
  CHECK(db::integer(other->query("SELECT a FROM t").rows[0][0]) == 3);
}

TEST_CASE_TEMPLATE("db: a busy transaction is run again from its beginning", Kind,
                   DAEMONZ_DATABASES) {
  Database<Kind> made;
  made.connection->execute("CREATE TABLE t (a INTEGER)");
  int tries = 0;
  made.connection->transaction([&](db::Connection& inside) {
    inside.execute("INSERT INTO t VALUES (1)");
    if (++tries < 3) throw db::DatabaseError(db::Failure::busy, {.what = "planted"});
  });
  CHECK(tries == 3);
  CHECK(made.count("t") == 1);
}

TEST_CASE_TEMPLATE("db: a body that ends its transaction itself is told so", Kind,
                   DAEMONZ_DATABASES) {
  Database<Kind> made;
  made.connection->execute("CREATE TABLE t (a INTEGER)");
  CHECK_THROWS_WITH_AS(
      made.connection->transaction([](db::Connection& inside) { inside.execute("COMMIT"); }),
      doctest::Contains("ended by a statement inside it"), Error);
}

TEST_CASE_TEMPLATE("db: more statements than are kept prepared, and all work", Kind,
                   DAEMONZ_DATABASES) {
  Database<Kind> made;
  made.connection->execute("CREATE TABLE t (a INTEGER)");
  for (int round = 0; round < 2; ++round)
    for (std::size_t i = 0; i < db::statements_max + 10; ++i)
      CHECK(made.connection->query("SELECT " + std::to_string(i) + ", a FROM t").rows.empty());
  // The table changes below the statement that was prepared on it.
  CHECK(made.connection->query("SELECT * FROM t").columns.size() == 1);
  made.connection->execute("ALTER TABLE t ADD COLUMN b INTEGER");
  made.connection->execute("INSERT INTO t VALUES (1, 2)");
  CHECK(made.connection->query("SELECT * FROM t").rows.at(0) ==
        Row{std::int64_t{1}, std::int64_t{2}});
}
