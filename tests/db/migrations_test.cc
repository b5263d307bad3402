#include "db/migrations.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/databases.h"

using namespace daemonz;

namespace {

const std::vector<db::Migration> steps{
    {.sqlite = {"CREATE TABLE shoes (size INTEGER)", "INSERT INTO shoes VALUES (42)"},
     .mysql = {"CREATE TABLE shoes (size INTEGER)", "INSERT INTO shoes VALUES (42)"}},
    {.sqlite = {"ALTER TABLE shoes ADD COLUMN colour TEXT"},
     .mysql = {"ALTER TABLE shoes ADD COLUMN colour TEXT"}},
};

}  // namespace

TEST_CASE_TEMPLATE("db: tables are brought up to date step by step, and only once", Kind,
                   DAEMONZ_DATABASES) {
  const Kind database;
  const auto connection = db::connect(database.url());
  CHECK(db::schema_version(*connection, "shop") == 0);
  db::migrate(*connection, "shop", std::span(steps).first(1));
  CHECK(db::schema_version(*connection, "shop") == 1);
  db::migrate(*connection, "shop", steps);
  db::migrate(*connection, "shop", steps);
  CHECK(db::schema_version(*connection, "shop") == 2);
  CHECK(connection->query("SELECT size, colour FROM shoes").rows.size() == 1);
}

TEST_CASE_TEMPLATE("db: tables of a newer version are refused and left alone", Kind,
                   DAEMONZ_DATABASES) {
  const Kind database;
  const auto connection = db::connect(database.url());
  db::migrate(*connection, "shop", steps);
  CHECK_THROWS_WITH_AS(db::migrate(*connection, "shop", std::span(steps).first(1)),
                       doctest::Contains("are of version 2, this program knows 1"), Error);
  CHECK(db::schema_version(*connection, "shop") == 2);
}

TEST_CASE("db: a step that fails leaves the version before it") {
  tests::TempDir folder;
  const auto connection = db::connect("sqlite:" + (folder / "x.db"));
  auto broken = steps;
  broken.push_back({.sqlite = {"CREATE TABLE more (a)", "CREATE TABLE shoes (a)"}});
  CHECK_THROWS_AS(db::migrate(*connection, "shop", broken), db::DatabaseError);
  CHECK(db::schema_version(*connection, "shop") == 0);
  CHECK_THROWS_AS(static_cast<void>(connection->query("SELECT * FROM more")), db::DatabaseError);
  db::migrate(*connection, "shop", steps);
  CHECK(db::schema_version(*connection, "shop") == 2);
}

TEST_CASE_TEMPLATE("db: several processes may migrate at once", Kind, DAEMONZ_DATABASES) {
  const Kind database;
  const auto url = database.url();
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const auto pid = ::fork();
    if (pid == 0) {
      int code = 1;
      try {
        db::migrate(*db::connect(url), "shop", steps);
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
  CHECK(db::connect(url)->query("SELECT * FROM shoes").rows.size() == 1);
}

TEST_CASE("db: a step that was interrupted on MariaDB goes on where it ended") {
  const tests::MariaDb database;
  const auto connection = db::connect(database.url());
  auto longer = steps;
  longer.push_back({.mysql = {"ALTER TABLE shoes ADD COLUMN brand TEXT, ADD KEY by_size (size)",
                              "CREATE TABLE laces (length INTEGER)"}});
  db::migrate(*connection, "shop", steps);
  connection->execute(longer[2].mysql[0]);  // and then the connection broke
  db::migrate(*connection, "shop", longer);
  CHECK(db::schema_version(*connection, "shop") == 3);
  CHECK(connection->query("SELECT brand FROM shoes").rows.size() == 1);
  CHECK(connection->query("SELECT * FROM laces").rows.empty());
}
