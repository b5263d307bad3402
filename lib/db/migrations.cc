#include "db/migrations.h"

#include "base/log.h"
#include "db/mysql_error.h"

namespace daemonz::db {
namespace {

constexpr const char* version_table =
    "CREATE TABLE IF NOT EXISTS daemonz_schema (component VARCHAR(64) NOT NULL PRIMARY KEY, "
    "version INTEGER NOT NULL)";

int read_version(Connection& connection, std::string_view component) {
  const auto found = connection.query("SELECT version FROM daemonz_schema WHERE component = ?",
                                      {std::string(component)});
  return found.rows.empty() ? 0 : static_cast<int>(integer(found.rows[0][0]).value_or(0));
}

void write_version(Connection& connection, std::string_view component, int version) {
  if (connection.execute("UPDATE daemonz_schema SET version = ? WHERE component = ?",
                         {std::int64_t{version}, std::string(component)}) == 0)
    connection.execute("INSERT INTO daemonz_schema (version, component) VALUES (?, ?)",
                       {std::int64_t{version}, std::string(component)});
}

/// MySQL commits each CREATE and ALTER by itself: a step that was interrupted finds its first half.
void run_statement(Connection& connection, const std::string& sql) {
  try {
    connection.execute(sql);
  } catch (const MysqlError& problem) {
    if (!is_there_already(problem.code())) throw;
    log::info("db", "a step of the tables goes on after an interruption",
              {{"problem", problem.what()}});
  }
}

void run_steps(Connection& connection, std::string_view component,
               std::span<const Migration> steps) {
  const int known = static_cast<int>(steps.size());
  const int found = read_version(connection, component);
  if (found > known)
    throw NewerSchema(
        ErrorText{.what = "the tables of " + std::string(component) + " are of version " +
                          std::to_string(found) + ", this program knows " + std::to_string(known),
                  .where = "database",
                  .hint = "Install the newer daemonz everywhere, or restore a backup."});
  for (int version = found; version < known; ++version) {
    const auto& step = steps[static_cast<std::size_t>(version)];
    for (const auto& sql : connection.dialect() == Dialect::sqlite ? step.sqlite : step.mysql)
      run_statement(connection, sql);
    // After each step: MySQL commits every CREATE by itself.
    write_version(connection, component, version + 1);
    log::info("db", "tables brought up to date",
              {{"component", component}, {"version", version + 1}});
  }
}

// One migrating process at a time. MySQL's DDL ends transactions, so it takes a named lock there.
void migrate_mysql(Connection& connection, std::string_view component,
                   std::span<const Migration> steps) {
  constexpr int wait_seconds = 60;  // another process's migration of a large table
  const auto name = "daemonz_schema:" + std::string(component);
  const auto got = connection.query("SELECT GET_LOCK(?, ?)", {name, std::int64_t{wait_seconds}});
  if (got.rows.empty() || integer(got.rows[0][0]) != 1)
    throw DatabaseError(Failure::busy, {.what = "another process migrates the tables of " +
                                                std::string(component)});
  const auto release = [&] { (void)connection.query("SELECT RELEASE_LOCK(?)", {name}); };
  try {
    run_steps(connection, component, steps);
  } catch (...) {
    release();
    throw;
  }
  release();
}

}  // namespace

int schema_version(Connection& connection, std::string_view component) {
  try {  // mostly it is there: a CREATE at each start would be refused by a read-only copy
    return read_version(connection, component);
  } catch (const DatabaseError& problem) {
    if (problem.failure() != Failure::other) throw;
  }
  connection.execute(version_table);
  return read_version(connection, component);
}

void migrate(Connection& connection, std::string_view component, std::span<const Migration> steps) {
  // Without the write lock first: most starts find everything in place.
  if (schema_version(connection, component) == static_cast<int>(steps.size())) return;
  if (connection.dialect() == Dialect::mysql) return migrate_mysql(connection, component, steps);
  connection.transaction([&](Connection& inside) { run_steps(inside, component, steps); });
}

}  // namespace daemonz::db
