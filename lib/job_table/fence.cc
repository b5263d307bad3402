#include "job_table/fence.h"

#include "base/check.h"

namespace daemonz::job_table {
namespace {

std::string now_text() { return to_iso8601(real_clock().wall()); }

const char* insert_sql(db::Dialect dialect) {
  return dialect == db::Dialect::sqlite
             ? "INSERT OR IGNORE INTO daemonz_fences (job_id, token, updated_at) VALUES (?, ?, ?)"
             : "INSERT IGNORE INTO daemonz_fences (job_id, token, updated_at) VALUES (?, ?, ?)";
}

Fence read_fence(db::Connection& connection, std::string_view job_id, Token token,
                 std::string_view sql) {
  const auto found = connection.query(sql, {std::string(job_id)});
  if (found.rows.empty()) return Fence::open;
  if (db::integer(found.rows[0][1]).value_or(0) != 0) return Fence::done;
  return db::integer(found.rows[0][0]).value_or(0) > token ? Fence::lost : Fence::open;
}

}  // namespace

Fence enter_fence(db::Connection& connection, std::string_view job_id, Token token) {
  DAEMONZ_CHECK(connection.is_in_transaction(), "a fence outside a transaction protects nothing");
  if (job_id.empty() || job_id.size() > fence_key_size_max)
    throw Error(ErrorText{.what = "a job's id and transaction name together have " +
                                  std::to_string(job_id.size()) + " bytes, at most " +
                                  std::to_string(fence_key_size_max) + " are possible",
                          .where = std::string(job_id.substr(0, 80))});
  // The insert takes the row's lock even where the row is there already, so that what is read next
  // holds until the transaction ends.
  if (connection.execute(insert_sql(connection.dialect()),
                         {std::string(job_id), token, now_text()}) == 1)
    return Fence::open;
  const auto fence = read_fence(connection, job_id, token,
                                connection.dialect() == db::Dialect::sqlite
                                    ? "SELECT token, done FROM daemonz_fences WHERE job_id = ?"
                                    : "SELECT token, done FROM daemonz_fences WHERE job_id = ? "
                                      "FOR UPDATE");
  if (fence == Fence::open)
    connection.execute("UPDATE daemonz_fences SET token = ?, updated_at = ? WHERE job_id = ?",
                       {token, now_text(), std::string(job_id)});
  return fence;
}

void mark_done(db::Connection& connection, std::string_view job_id, Token token) {
  if (!connection.is_in_transaction())  // the handler's doing, not ours: it fails, nothing aborts
    throw Error(
        ErrorText{.what = "the transaction was ended by a statement inside it",
                  .where = "job " + std::string(job_id),
                  .hint = "MySQL commits before CREATE, ALTER and DROP: run them outside."});
  connection.execute(
      "UPDATE daemonz_fences SET done = 1, updated_at = ? WHERE job_id = ? AND token = ?",
      {now_text(), std::string(job_id), token});
}

Fence look_at_fence(db::Connection& connection, std::string_view job_id, Token token) {
  return read_fence(connection, job_id, token,
                    "SELECT token, done FROM daemonz_fences WHERE job_id = ?");
}

std::uint64_t sweep_fences(db::Connection& connection, WallTime before) {
  return connection.execute("DELETE FROM daemonz_fences WHERE done = 1 AND updated_at < ?",
                            {to_iso8601(before)});
}

}  // namespace daemonz::job_table
