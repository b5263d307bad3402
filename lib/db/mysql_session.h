// One session with a MySQL or MariaDB server, from its connect to its end: prepared statements,
// values, rows. Not what happens when it breaks: that is mysql.cc's. Of this room only. Sources:
// MariaDB Connector/C; sandbox.md, "Dropping inherited connection pools".
#pragma once

#include <sys/types.h>

#include <list>
#include <string>
#include <string_view>

#include "db/connection.h"
#include "db/mysql_url.h"

struct st_mysql;
struct st_mysql_stmt;

namespace daemonz::db {

struct Answer {
  Rows rows;
  std::uint64_t changed = 0;  ///< rows found by an UPDATE, changed or not: as SQLite counts
  std::int64_t insert_id = 0;
};

/// Threads: one. Every failure is a MysqlError. Never MYSQL_OPT_RECONNECT: the library would go on
/// in a new session in the middle of a transaction, without its locks and its first half.
class MysqlSession {
 public:
  /// Connects: utf8mb4, READ COMMITTED, strict, a lock is waited for at most `lock_wait`.
  MysqlSession(const MysqlUrl& url, Seconds lock_wait);
  /// Says goodbye to the server, unless this is a forked child: then nothing is written.
  ~MysqlSession();
  MysqlSession(const MysqlSession&) = delete;
  MysqlSession& operator=(const MysqlSession&) = delete;

  /// One statement, prepared once and kept (statements_max of them).
  [[nodiscard]] Answer run(std::string_view sql, const Row& values);
  /// BEGIN, COMMIT, ROLLBACK, SET: what MySQL does not prepare.
  void command(std::string_view sql);

  /// False: the server has closed the connection, or said something that nobody asked for. One
  /// poll(2), so it may be asked before each statement.
  [[nodiscard]] bool is_quiet() const;
  void ping();
  [[nodiscard]] bool is_in_transaction() const;  ///< as the server said in its last answer
  [[nodiscard]] std::int64_t id() const;         ///< CONNECTION_ID()

  /// See Connection::detach.
  void detach() noexcept;

 private:
  struct Prepared {
    std::string sql;
    st_mysql_stmt* statement;
  };

  void set_options(const MysqlUrl& url);
  void connect(const MysqlUrl& url, Seconds lock_wait);
  st_mysql_stmt* prepare(std::string_view sql);
  void forget(st_mysql_stmt* statement) noexcept;
  Answer execute(st_mysql_stmt* statement, std::string_view sql, const Row& values);
  void bind(st_mysql_stmt* statement, std::string_view sql, const Row& values);
  void close() noexcept;
  [[noreturn]] void fail(std::string_view what, std::string_view sql) const;
  [[noreturn]] void fail(st_mysql_stmt* statement, std::string_view sql, bool may_have_run) const;

  std::string where_;
  pid_t pid_;
  st_mysql* handle_;
  bool is_encrypted_ = false;
  ino_t socket_ = 0;  ///< its number in /proc: a child may have closed it and opened another file
  std::list<Prepared> statements_;  // the last used one first
};

}  // namespace daemonz::db
