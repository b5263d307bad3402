// The rows of an executed statement, from Connector/C's buffers into values. Of this room only.
// Source: MariaDB Connector/C, mysql_stmt_store_result, mysql_stmt_fetch.
#pragma once

#include "db/connection.h"

struct st_mysql_stmt;

namespace daemonz::db {

/// The statement's result was stored, and STMT_ATTR_UPDATE_MAX_LENGTH set before that. Integers and
/// reals come as such, all else as text or bytes; a number that int64 cannot hold comes as text.
/// nullopt: the library failed, its error stands in the statement.
[[nodiscard]] std::optional<Rows> read_rows(st_mysql_stmt* statement);

}  // namespace daemonz::db
