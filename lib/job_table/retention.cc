#include "job_table/retention.h"

#include "job_table/table.h"

namespace daemonz::job_table {
namespace {

struct Kind {
  const char* table;
  const char* key;
  const char* condition;  ///< with one `?`: the time before which rows are old
};

constexpr Kind done{"daemonz_jobs", "place", "state = 'done' AND updated_at < ?"};
constexpr Kind dead{"daemonz_jobs", "place", "state = 'dead' AND updated_at < ?"};
constexpr Kind cancelled{"daemonz_jobs", "place", "state = 'cancelled' AND updated_at < ?"};
constexpr Kind fences{"daemonz_fences", "job_id", "done = 1 AND updated_at < ?"};
constexpr Kind checkpoints{"daemonz_checkpoints", "job_id", "updated_at < ?"};

/// Claimed by an index that says which are old, removed by their primary keys.
std::uint64_t sweep_kind(db::Connection& connection, const Kind& kind, WallTime before) {
  std::string select = std::string("SELECT ") + kind.key + " FROM " + kind.table + " WHERE " +
                       kind.condition + " ORDER BY updated_at LIMIT " +
                       std::to_string(sweep_rows_max);
  if (connection.dialect() == db::Dialect::mysql) select += " FOR UPDATE SKIP LOCKED";
  const auto remove = std::string("DELETE FROM ") + kind.table + " WHERE " + kind.key + " = ?";
  // Most sweeps find nothing: the write lock is not taken for that.
  const auto look =
      std::string("SELECT 1 FROM ") + kind.table + " WHERE " + kind.condition + " LIMIT 1";
  if (connection.query(look, {to_iso8601(before)}).rows.empty()) return 0;
  std::uint64_t count = 0;
  connection.transaction([&](db::Connection& inside) {
    count = 0;
    for (const auto& row : inside.query(select, {to_iso8601(before)}).rows)
      count += inside.execute(remove, {row[0]});
  });
  return count;
}

}  // namespace

std::uint64_t sweep(db::Connection& connection, const Retention& retention, WallTime now) {
  return sweep_kind(connection, done, now - retention.done) +
         sweep_kind(connection, dead, now - retention.dead) +
         sweep_kind(connection, cancelled, now - retention.cancelled) +
         sweep_kind(connection, fences, now - retention.fences) +
         sweep_kind(connection, checkpoints, now - retention.fences);
}

}  // namespace daemonz::job_table
