#include "job_table/checkpoint.h"

namespace daemonz::job_table {
namespace {

std::string now_text() { return to_iso8601(real_clock().wall()); }

const char* insert_sql(db::Dialect dialect) {
  return dialect == db::Dialect::sqlite
             ? "INSERT OR IGNORE INTO daemonz_checkpoints (job_id, token, state, updated_at) "
               "VALUES (?, ?, ?, ?)"
             : "INSERT IGNORE INTO daemonz_checkpoints (job_id, token, state, updated_at) "
               "VALUES (?, ?, ?, ?)";
}

/// The row's token and state.
std::optional<std::pair<Token, std::string>> find(db::Connection& connection,
                                                  std::string_view job_id) {
  const auto found = connection.query(
      "SELECT token, state FROM daemonz_checkpoints WHERE job_id = ?", {std::string(job_id)});
  if (found.rows.empty()) return std::nullopt;
  return std::pair(db::integer(found.rows[0][0]).value_or(0), db::text(found.rows[0][1]));
}

}  // namespace

Checkpoint claim_checkpoint(db::Connection& connection, std::string_view job_id, Token token) {
  const std::string id(job_id);
  connection.execute(insert_sql(connection.dialect()), {id, token, std::string(), now_text()});
  connection.execute("UPDATE daemonz_checkpoints SET token = ? WHERE job_id = ? AND token < ?",
                     {token, id, token});
  const auto row = find(connection, job_id);
  if (!row || row->first != token) return {};
  return {.is_ours = true, .state = row->second};
}

bool write_checkpoint(db::Connection& connection, std::string_view job_id, Token token,
                      std::string_view state_json) {
  if (state_json.size() > checkpoint_size_max)
    throw Error(
        ErrorText{.what = "a checkpoint of " + std::to_string(state_json.size()) +
                          " bytes, at most " + std::to_string(checkpoint_size_max) + " are kept",
                  .where = "job " + std::string(job_id),
                  .hint = "Keep what is large in a table of your own, and where it stands here."});
  const std::string id(job_id), state(state_json);
  const auto update = [&] {
    return connection.execute(
               "UPDATE daemonz_checkpoints SET token = ?, state = ?, updated_at = ? "
               "WHERE job_id = ? AND token <= ?",
               {token, state, now_text(), id, token}) > 0;
  };
  if (update()) return true;
  if (connection.execute(insert_sql(connection.dialect()), {id, token, state, now_text()}) > 0)
    return true;
  // It is there: of a higher token, or unchanged (MySQL counts changed rows only).
  const auto row = find(connection, job_id);
  return row && row->first == token && row->second == state;
}

void remove_checkpoint(db::Connection& connection, std::string_view job_id) {
  connection.execute("DELETE FROM daemonz_checkpoints WHERE job_id = ?", {std::string(job_id)});
}

}  // namespace daemonz::job_table
