#include "scheduler/leader.h"

#include <array>

#include "db/migrations.h"

namespace daemonz::scheduler {
namespace {

constexpr const char* create_leases =
    "CREATE TABLE IF NOT EXISTS daemonz_leases (name VARCHAR(64) NOT NULL PRIMARY KEY, "
    "holder VARCHAR(255) NOT NULL, expires_at BIGINT NOT NULL)";

const std::array<db::Migration, 1> steps{{{.sqlite = {create_leases}, .mysql = {create_leases}}}};

constexpr const char* name = "scheduler";

}  // namespace

void migrate(db::Connection& connection) { db::migrate(connection, "scheduler", steps); }

bool Leader::try_lead(db::Connection& connection) {
  const auto now = unix_milliseconds(clock_.wall());
  const auto expires = now + lease_.count();
  const bool is_extended =
      connection.execute(
          "UPDATE daemonz_leases SET holder = ?, expires_at = ? WHERE name = ? AND "
          "(holder = ? OR expires_at < ?)",
          {holder_, std::int64_t{expires}, std::string(name), holder_, std::int64_t{now}}) > 0;
  if (is_extended) return true;
  const char* insert =
      connection.dialect() == db::Dialect::sqlite
          ? "INSERT OR IGNORE INTO daemonz_leases (name, holder, expires_at) VALUES (?, ?, ?)"
          : "INSERT IGNORE INTO daemonz_leases (name, holder, expires_at) VALUES (?, ?, ?)";
  return connection.execute(insert, {std::string(name), holder_, std::int64_t{expires}}) > 0;
}

void Leader::resign(db::Connection& connection) {
  connection.execute("DELETE FROM daemonz_leases WHERE name = ? AND holder = ?",
                     {std::string(name), holder_});
}

}  // namespace daemonz::scheduler
