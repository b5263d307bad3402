#include "db/mysql_error.h"

#include <errmsg.h>
#include <mysqld_error.h>

namespace daemonz::db {
namespace {

// Each in the headers of one maker only.
constexpr unsigned client_interaction_timeout = 4031;  // MySQL 8: closed for idleness
constexpr unsigned connection_killed = 1927;           // MariaDB: KILL

const char* hint_of(unsigned code) {
  switch (code) {
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR: return "Is the server running, and is the address right?";
    case ER_ACCESS_DENIED_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
      return "Are user and password right, and may it use the database?";
    case ER_BAD_DB_ERROR: return "CREATE DATABASE it first.";
    case ER_CON_COUNT_ERROR: return "Raise max_connections, or use fewer processors.";
    default: return "";
  }
}

}  // namespace

MysqlError::MysqlError(unsigned code, bool may_have_run, ErrorText text)
    : DatabaseError(mysql_failure(code, text.what),
                    {.what = text.what + " (" + std::to_string(code) + ")",
                     .where = text.where,
                     .hint = text.hint.empty() ? hint_of(code) : text.hint}),
      code_(code),
      may_have_run_(may_have_run) {}

Failure mysql_failure(unsigned code, std::string_view message) {
  switch (code) {
    case CR_CONNECTION_ERROR:   // 2002
    case CR_CONN_HOST_ERROR:    // 2003
    case CR_UNKNOWN_HOST:       // 2005: a name server may be away too
    case CR_SERVER_GONE_ERROR:  // 2006
    case CR_SERVER_LOST:        // 2013
    case CR_SERVER_LOST_EXTENDED:
    case client_interaction_timeout:
    case connection_killed:
    case ER_CON_COUNT_ERROR:  // 1040: full now
    case ER_SERVER_SHUTDOWN:  // 1053
    case ER_NEW_ABORTING_CONNECTION: return Failure::gone;
    case ER_LOCK_WAIT_TIMEOUT:  // 1205
    case ER_LOCK_DEADLOCK:      // 1213
    case ER_CHECKREAD: return Failure::busy;
    case ER_READ_ONLY_MODE: return Failure::read_only;  // 1836
    case ER_OPTION_PREVENTS_STATEMENT:                  // 1290: of --read-only, and of others
      return message.find("read-only") != std::string_view::npos ||
                     message.find("read_only") != std::string_view::npos
                 ? Failure::read_only
                 : Failure::other;
    case ER_DUP_ENTRY:
    case ER_DUP_ENTRY_WITH_KEY_NAME:
    case ER_BAD_NULL_ERROR:
    case ER_NO_REFERENCED_ROW:
    case ER_NO_REFERENCED_ROW_2:
    case ER_ROW_IS_REFERENCED:
    case ER_ROW_IS_REFERENCED_2:
    case ER_CONSTRAINT_FAILED: return Failure::constraint;
    default: return Failure::other;
  }
}

bool is_rolled_back_by_server(unsigned code) {
  return code == ER_LOCK_DEADLOCK || code == ER_CHECKREAD;
}

bool is_prepared_anew(unsigned code) {
  return code == ER_NEED_REPREPARE || code == ER_UNKNOWN_STMT_HANDLER;
}

bool has_other_columns(unsigned code) { return code == CR_NEW_STMT_METADATA; }

bool is_there_already(unsigned code) {
  return code == ER_TABLE_EXISTS_ERROR || code == ER_DUP_FIELDNAME || code == ER_DUP_KEYNAME;
}

bool is_lost_before_sending(unsigned code) { return code == CR_SERVER_GONE_ERROR; }

}  // namespace daemonz::db
