#include "db/sqlite.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <list>

#include "base/clock.h"
#include "base/log.h"
#include "db/sql_word.h"
#include "db/transaction.h"

namespace daemonz::db {
namespace {

// SQLite keeps the state of its file locks in the process: a forked child that opens the same file
// again would believe that it holds the parent's locks, and does not.
struct OpenFiles {
  std::mutex guard;
  pid_t pid = 0;
  int count = 0;
};

OpenFiles& open_files() {
  static auto* const files = new OpenFiles;  // outlives every static connection
  return *files;
}

void count_opened(const std::string& path) {
  auto& files = open_files();
  const std::scoped_lock lock(files.guard);
  if (files.pid != ::getpid() && files.count > 0)
    throw Error(ErrorText{.what = "cannot open a SQLite file in a forked child",
                          .where = path,
                          .hint = "The parent has one open (sqlite.org/howtocorrupt.html, 2.6): "
                                  "fork before opening it, or exec a program."});
  files.pid = ::getpid();
  ++files.count;
}

void count_closed() {
  auto& files = open_files();
  const std::scoped_lock lock(files.guard);
  --files.count;
}

Failure failure_of(int extended) {
  if (extended == SQLITE_READONLY_DBMOVED) return Failure::gone;
  switch (extended & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Failure::busy;
    case SQLITE_CONSTRAINT: return Failure::constraint;
    case SQLITE_READONLY: return Failure::read_only;
    case SQLITE_CANTOPEN: return Failure::gone;
    default: return Failure::other;
  }
}

const char* hint_of(int extended) {
  switch (extended & 0xff) {
    case SQLITE_BUSY:
      return "Another process holds the lock; it is tried again where that is safe.";
    case SQLITE_FULL: return "The disk is full: make room.";
    case SQLITE_CANTOPEN: return "Is the folder there, and may this user write to it?";
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return "This is no sound SQLite file: restore it from a backup.";
    default: return "";
  }
}

/// One file, opened. Knows which file it was, to notice that another stands in its place.
class Sqlite final : public Connection {
  // A lost connection is made anew where no transaction was lost with it.
  template <class Body>
  auto once_more(const Body& body) -> decltype(body()) {
    if (!handle_ || (!is_in_transaction() && !is_file_in_place())) reopen();
    try {
      return body();
    } catch (const DatabaseError& problem) {
      if (problem.failure() != Failure::gone || is_in_transaction()) throw;
    }
    reopen();
    return body();
  }

 public:
  Sqlite(std::string path, Milliseconds patience)
      : path_(std::move(path)), patience_(patience), pid_(::getpid()) {
    count_opened(path_);
    try {
      open(SQLITE_OPEN_CREATE);
    } catch (...) {
      count_closed();
      throw;
    }
  }
  ~Sqlite() override {
    if (pid_ != ::getpid()) return;  // "do not even call sqlite3_close()" there
    close();
    count_closed();
  }

  Dialect dialect() const override { return Dialect::sqlite; }
  Rows query(std::string_view sql, const Row& values) override {
    return once_more([&] { return run(sql, values); });
  }
  std::uint64_t execute(std::string_view sql, const Row& values) override {
    return once_more([&] {
      (void)run(sql, values);
      return static_cast<std::uint64_t>(sqlite3_changes64(handle_));
    });
  }
  std::int64_t last_insert_id() const override { return sqlite3_last_insert_rowid(handle_); }
  void transaction(const std::function<void(Connection&)>& body) override {
    // IMMEDIATE takes the write lock at once: a later upgrade would fail without waiting.
    run_transaction(*this, "BEGIN IMMEDIATE", body);
  }
  bool is_in_transaction() const override {
    return is_lost_ || (handle_ && !sqlite3_get_autocommit(handle_));
  }

  void verify() override {
    const auto now = real_clock().steady();
    if (handle_ && now - used_ < idle_max) return;
    if (handle_ && is_file_in_place()) {
      used_ = now;
      return;
    }
    if (is_in_transaction())
      throw DatabaseError(Failure::gone, {.what = "the database file was replaced in the middle of "
                                                  "a transaction",
                                          .where = path_});
    reopen();
  }

  void detach() noexcept override {
    handle_ = nullptr;  // leaked, with its descriptors: they are CLOEXEC
    statements_.clear();
  }

 private:
  struct Prepared {
    std::string sql;
    sqlite3_stmt* statement;
  };

  void open(int create);
  void switch_to_wal();
  void close() noexcept;
  void reopen();
  [[nodiscard]] bool is_file_in_place() const;
  [[nodiscard]] sqlite3_stmt* prepare(std::string_view sql);
  void bind(sqlite3_stmt* statement, const Row& values, std::string_view sql);
  Rows run(std::string_view sql, const Row& values);
  Rows step_through(std::string_view sql, const Row& values);
  [[noreturn]] void fail(std::string_view what, std::string_view sql) const;

  std::string path_;
  Milliseconds patience_;
  pid_t pid_;
  sqlite3* handle_ = nullptr;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  bool is_lost_ = false;  // SQLite rolled a transaction back whose owner has not said ROLLBACK yet
  SteadyTime used_{};
  std::list<Prepared> statements_;  // the last used one first
};

void Sqlite::fail(std::string_view what, std::string_view sql) const {
  const int code = handle_ ? sqlite3_extended_errcode(handle_) : SQLITE_CANTOPEN;
  std::string sentence(what);
  sentence += ": ";
  sentence += handle_ ? sqlite3_errmsg(handle_) : "out of memory";
  if (!sql.empty()) sentence.append(" in: ").append(sql.substr(0, 200));
  throw DatabaseError(failure_of(code),
                      {.what = std::move(sentence), .where = path_, .hint = hint_of(code)});
}

void Sqlite::open(int create) {
  if (const auto folder = std::filesystem::path(path_).parent_path(); create && !folder.empty()) {
    std::error_code ignored;  // sqlite3_open says it better
    std::filesystem::create_directories(folder, ignored);
  }
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | create;
  try {
    if (sqlite3_open_v2(path_.c_str(), &handle_, flags, nullptr) != SQLITE_OK)
      fail("cannot open the database", {});
    sqlite3_busy_timeout(handle_, static_cast<int>(patience_.count()));
    switch_to_wal();
    // FULL: a job is acknowledged only after its effects, so these must survive a power cut.
    for (const char* pragma : {"PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON"})
      (void)run(pragma, {});
    struct stat now {};
    if (::stat(path_.c_str(), &now) == 0) {
      device_ = now.st_dev;
      inode_ = now.st_ino;
    }
  } catch (...) {
    close();
    throw;
  }
  used_ = real_clock().steady();
}

// Several processes that meet a new file all want to switch it: SQLite refuses that as busy without
// asking the busy timeout.
void Sqlite::switch_to_wal() {
  const auto deadline = real_clock().steady() + patience_;
  for (;;) {
    try {
      (void)run("PRAGMA journal_mode=WAL", {});
      return;
    } catch (const DatabaseError& problem) {
      if (problem.failure() != Failure::busy || real_clock().steady() >= deadline) throw;
      std::this_thread::sleep_for(Milliseconds(5));  // sleep-ok: SQLite wakes nobody
    }
  }
}

void Sqlite::close() noexcept {
  for (const auto& prepared : statements_) sqlite3_finalize(prepared.statement);
  statements_.clear();
  sqlite3_close_v2(handle_);
  handle_ = nullptr;
}

void Sqlite::reopen() {
  log::warn("db", "database opened again", {{"path", path_}});
  close();
  open(0);  // a file that vanished is not replaced by an empty one: somebody will bring it back
}

// WAL mode itself never looks: it would go on writing into a file that nobody sees. One stat(2).
bool Sqlite::is_file_in_place() const {
  struct stat now {};
  return inode_ == 0 ||
         (::stat(path_.c_str(), &now) == 0 && now.st_dev == device_ && now.st_ino == inode_);
}

sqlite3_stmt* Sqlite::prepare(std::string_view sql) {
  for (auto it = statements_.begin(); it != statements_.end(); ++it)
    if (it->sql == sql) {
      statements_.splice(statements_.begin(), statements_, it);
      return it->statement;
    }
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  if (sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, &tail) != SQLITE_OK)
    fail("cannot prepare a statement", sql);
  if (!statement || tail != sql.data() + sql.size()) {
    sqlite3_finalize(statement);
    throw Error(ErrorText{.what = "not exactly one statement: " + std::string(sql.substr(0, 200)),
                          .where = path_,
                          .hint = "Run them one by one."});
  }
  statements_.push_front({std::string(sql), statement});
  if (statements_.size() > statements_max) {
    sqlite3_finalize(statements_.back().statement);
    statements_.pop_back();
  }
  return statement;
}

void Sqlite::bind(sqlite3_stmt* statement, const Row& values, std::string_view sql) {
  if (static_cast<std::size_t>(sqlite3_bind_parameter_count(statement)) != values.size())
    throw Error(ErrorText{.what = "a statement wants " +
                                  std::to_string(sqlite3_bind_parameter_count(statement)) +
                                  " values and got " + std::to_string(values.size()) + ": " +
                                  std::string(sql.substr(0, 200)),
                          .where = path_});
  int index = 0;
  for (const auto& value : values) {
    ++index;
    int code = SQLITE_OK;  // STATIC: the values outlive the run, which clears its bindings
    if (const auto* number = std::get_if<std::int64_t>(&value))
      code = sqlite3_bind_int64(statement, index, *number);
    else if (const auto* real = std::get_if<double>(&value))
      code = sqlite3_bind_double(statement, index, *real);
    else if (const auto* bytes = std::get_if<std::string>(&value))
      code =
          sqlite3_bind_text64(statement, index, bytes->data(), bytes->size(), nullptr, SQLITE_UTF8);
    else
      code = sqlite3_bind_null(statement, index);
    if (code != SQLITE_OK) fail("cannot bind a value", sql);
  }
}

Value value_of(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL: return std::monostate();
    case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT: return sqlite3_column_double(statement, column);
    default: break;
  }
  const void* bytes = sqlite3_column_blob(statement, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
  return bytes ? std::string(static_cast<const char*>(bytes), size) : std::string();
}

// What follows in a transaction that SQLite rolled back (disk full, I/O error, OR ROLLBACK) must
// not be run outside of it.
Rows Sqlite::run(std::string_view sql, const Row& values) {
  if (is_lost_) {
    if (sql_word(sql) != SqlWord::rollback)
      throw DatabaseError(Failure::other, {.what = "the transaction was rolled back before: " +
                                                   std::string(sql.substr(0, 200)),
                                           .where = path_});
    is_lost_ = false;
    return {};
  }
  const bool was_inside = is_in_transaction();
  try {
    return step_through(sql, values);
  } catch (const DatabaseError&) {
    is_lost_ = was_inside && sqlite3_get_autocommit(handle_) != 0;
    throw;
  }
}

Rows Sqlite::step_through(std::string_view sql, const Row& values) {
  auto* const statement = prepare(sql);
  const auto put_back = [](sqlite3_stmt* used) {
    sqlite3_reset(used);
    sqlite3_clear_bindings(used);
  };
  const std::unique_ptr<sqlite3_stmt, decltype(put_back)> in_use(statement, put_back);
  bind(statement, values, sql);
  Rows result;
  int code = sqlite3_step(statement);  // prepares anew where a table has changed: then ask it
  const int columns = sqlite3_column_count(statement);
  for (int i = 0; i < columns; ++i) result.columns.emplace_back(sqlite3_column_name(statement, i));
  for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
    auto& row = result.rows.emplace_back();
    row.reserve(static_cast<std::size_t>(columns));
    for (int i = 0; i < columns; ++i) row.push_back(value_of(statement, i));
  }
  if (code != SQLITE_DONE) fail("cannot run a statement", sql);
  used_ = real_clock().steady();
  return result;
}

}  // namespace

std::unique_ptr<Connection> connect_sqlite(const std::string& path, Milliseconds patience) {
  return std::make_unique<Sqlite>(path, patience);
}

}  // namespace daemonz::db
