// One connection to a database, the same for SQLite and MySQL/MariaDB. SQL is the caller's: nothing
// here translates dialects, `dialect()` tells which one is spoken. Follows jobs.md, "The job table
// and lib/db". Sources: sqlite3's C interface, MariaDB Connector/C.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/units.h"

namespace daemonz::db {

enum class Dialect { sqlite, mysql };

/// NULL, integer, real, text or bytes (std::string serves both).
using Value = std::variant<std::monostate, std::int64_t, double, std::string>;
using Row = std::vector<Value>;

[[nodiscard]] std::optional<std::int64_t> integer(
    const Value& value);  ///< NULL: nullopt; text that is a number counts
[[nodiscard]] std::string text(const Value& value);  ///< NULL: ""

struct Rows {
  std::vector<std::string> columns;
  std::vector<Row> rows;
};

/// How a statement failed. `gone`: the connection was lost (2002, 2006, 2013, 4031, ..). `busy`:
/// SQLite's lock, 1205, 1213: the same transaction may succeed when tried again. `read_only`: 1290,
/// 1836, a server that was the master before a failover; the next session looks for the new one.
enum class Failure { gone, busy, constraint, read_only, other };

/// A statement failed. Threads: any.
class DatabaseError : public Error {
 public:
  DatabaseError(Failure failure, ErrorText text) : Error(std::move(text)), failure_(failure) {}
  [[nodiscard]] Failure failure() const noexcept { return failure_; }

 private:
  Failure failure_;
};

/// Threads: one. Statements are prepared once per connection and kept (statements_max of them).
/// After a fork a child must not use what its parent opened: in another process than the one that
/// opened it the destructor only forgets (see detach).
class Connection {
 public:
  virtual ~Connection() = default;
  [[nodiscard]] virtual Dialect dialect() const = 0;

  /// Runs one statement with `?` placeholders. Outside a transaction a lost connection is made anew
  /// (with growing waits, within the patience) and the statement is run once more, unless it writes
  /// and was on its way: perhaps it was done, so it throws `gone`. `busy` and `read_only` are tried
  /// again as long as the patience lasts. Inside a transaction all of these throw, the transaction
  /// is lost, and nothing but ROLLBACK is taken until it has ended.
  virtual Rows query(std::string_view sql, const Row& values = {}) = 0;
  /// The same, for statements without rows. Returns the number of rows changed.
  virtual std::uint64_t execute(std::string_view sql, const Row& values = {}) = 0;
  /// The key that the last insert made.
  [[nodiscard]] virtual std::int64_t last_insert_id() const = 0;

  /// Begins, runs `body`, commits; rolls back and rethrows when it throws. `busy` and `read_only`
  /// are tried again (at most transaction_tries, with growing waits), so `body` may run more than
  /// once. Not nested. On MySQL without CREATE, ALTER, DROP: they would commit.
  virtual void transaction(const std::function<void(Connection&)>& body) = 0;
  [[nodiscard]] virtual bool is_in_transaction() const = 0;

  /// Asks the server whether the connection lives (if it was idle for longer than idle_max), and
  /// connects again if not. Throws DatabaseError(gone) when that is impossible.
  virtual void verify() = 0;

  /// For a forked child: forgets the handles without a word to the server, whose session goes on
  /// belonging to the parent (never COM_QUIT). The descriptors of a server connection are pointed
  /// at /dev/null. Afterwards the object may only be destroyed.
  virtual void detach() noexcept = 0;
};

inline constexpr int transaction_tries = 5;
inline constexpr Milliseconds idle_max{
    1'000};  ///< C4: an older connection is asked before its next use

inline constexpr Milliseconds busy_wait{5'000};    ///< for a lock, or a server that comes back
inline constexpr std::size_t statements_max = 64;  ///< prepared statements kept per connection

/// "sqlite:PATH" (WAL, made if it is not there) or "mysql://user:password@host:port/database" (its
/// options: mysql_url.h). Throws Error for a bad URL, DatabaseError when it cannot be opened. A
/// SQLite file cannot be opened in a forked child of a process that has one open
/// (sqlite.org/howtocorrupt.html, 2.6): Error; exec a program instead.
/// `patience`: how long its statements wait for a lock, or for a server that is away. connect()
/// itself does not wait for a server.
[[nodiscard]] std::unique_ptr<Connection> connect(const std::string& url,
                                                  Milliseconds patience = busy_wait);

/// Throws Error for what connect() would never take.
void check_url(const std::string& url);

}  // namespace daemonz::db
