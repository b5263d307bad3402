// What an error number of MySQL or MariaDB means for the caller. Of this room only. Source:
// MariaDB's error code reference, errmsg.h and mysqld_error.h; MySQL's numbers where it has none.
#pragma once

#include <string_view>

#include "db/connection.h"

namespace daemonz::db {

/// A server's or the client library's complaint. Threads: any.
class MysqlError : public DatabaseError {
 public:
  MysqlError(unsigned code, bool may_have_run, ErrorText text);
  [[nodiscard]] unsigned code() const noexcept { return code_; }
  /// The connection broke when the whole statement was on its way: perhaps it was done.
  [[nodiscard]] bool may_have_run() const noexcept { return may_have_run_; }

 private:
  unsigned code_;
  bool may_have_run_;
};

/// `message` tells 1290's read-only server from its other meanings.
[[nodiscard]] Failure mysql_failure(unsigned code, std::string_view message);

/// The server gave the whole transaction up by itself, not only the statement.
[[nodiscard]] bool is_rolled_back_by_server(unsigned code);

/// The server forgot the prepared statement, or wants it prepared anew: nothing was done.
[[nodiscard]] bool is_prepared_anew(unsigned code);

/// The statement ran, but gives other columns than when it was prepared.
[[nodiscard]] bool has_other_columns(unsigned code);

/// A CREATE or ALTER found its table, column or index made.
[[nodiscard]] bool is_there_already(unsigned code);

/// The statement's bytes did not reach the server as a whole.
[[nodiscard]] bool is_lost_before_sending(unsigned code);

}  // namespace daemonz::db
