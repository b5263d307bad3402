#include "db/mysql_session.h"

#include <fcntl.h>
#include <mysql.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "db/mysql_error.h"
#include "db/mysql_rows.h"
#include "db/sql_word.h"

namespace daemonz::db {
namespace {

constexpr std::size_t sql_shown_max = 200;

std::string with_sql(std::string_view what, std::string_view sql) {
  std::string sentence(what);
  if (!sql.empty()) sentence.append(" in: ").append(sql.substr(0, sql_shown_max));
  return sentence;
}

/// 0: no socket.
ino_t socket_of(int fd) {
  struct stat facts {};
  return fd >= 0 && ::fstat(fd, &facts) == 0 && S_ISSOCK(facts.st_mode) ? facts.st_ino : 0;
}

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

}  // namespace

void MysqlSession::fail(std::string_view what, std::string_view sql) const {
  std::string sentence(what);
  if (!sentence.empty()) sentence += ": ";
  throw MysqlError(mysql_errno(handle_), false,
                   {.what = with_sql(sentence + mysql_error(handle_), sql), .where = where_});
}

void MysqlSession::fail(st_mysql_stmt* statement, std::string_view sql, bool may_have_run) const {
  const auto code = mysql_stmt_errno(statement);
  throw MysqlError(code, may_have_run && !is_lost_before_sending(code),
                   {.what = with_sql(mysql_stmt_error(statement), sql), .where = where_});
}

MysqlSession::MysqlSession(const MysqlUrl& url, Seconds lock_wait)
    : where_(url.shown()), pid_(::getpid()) {
  static std::once_flag once;  // the first mysql_init would do it, in one thread only
  std::call_once(once, [] { mysql_library_init(0, nullptr, nullptr); });
  handle_ = mysql_init(nullptr);
  if (!handle_) throw std::bad_alloc();
  try {
    set_options(url);
    connect(url, lock_wait);
  } catch (...) {
    close();
    throw;
  }
}

MysqlSession::~MysqlSession() {
  if (handle_ && pid_ == ::getpid()) close();  // in a child even mysql_close's COM_QUIT is theft
}

void MysqlSession::set_options(const MysqlUrl& url) {
  const auto set = [&](mysql_option option, const void* value) {
    if (mysql_optionsv(handle_, option, value) != 0) fail("cannot set a connection option", {});
  };
  const auto set_seconds = [&](mysql_option option, Seconds seconds) {
    const auto value = static_cast<unsigned>(seconds.count());
    set(option, &value);
  };
  set_seconds(MYSQL_OPT_CONNECT_TIMEOUT, url.connect_timeout);
  set_seconds(MYSQL_OPT_READ_TIMEOUT, url.read_timeout);
  set_seconds(MYSQL_OPT_WRITE_TIMEOUT, url.write_timeout);
  const unsigned no = 0, tcp = MYSQL_PROTOCOL_TCP;
  set(MYSQL_OPT_LOCAL_INFILE, &no);  // the server may ask for no file of this machine
  if (url.socket.empty() && url.port != 0) set(MYSQL_OPT_PROTOCOL, &tcp);
  set(MYSQL_SET_CHARSET_NAME, "utf8mb4");
  if (!url.is_ssl) return;
  const my_bool yes = 1, verify = url.is_ssl_verified ? 1 : 0;
  set(MYSQL_OPT_SSL_ENFORCE, &yes);
  set(MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
  for (const auto& [option, value] : {std::pair{MYSQL_OPT_SSL_CA, &url.ssl_ca},
                                      {MYSQL_OPT_SSL_CAPATH, &url.ssl_capath},
                                      {MYSQL_OPT_SSL_CERT, &url.ssl_cert},
                                      {MYSQL_OPT_SSL_KEY, &url.ssl_key},
                                      {MYSQL_OPT_SSL_CIPHER, &url.ssl_cipher},
                                      {MYSQL_OPT_SSL_CRL, &url.ssl_crl}})
    if (!value->empty()) set(option, value->c_str());
}

void MysqlSession::connect(const MysqlUrl& url, Seconds lock_wait) {
  // FOUND_ROWS: an UPDATE that finds its row has changed it, also to what it was.
  if (!mysql_real_connect(handle_, or_null(url.host), url.user.c_str(), url.password.c_str(),
                          url.database.c_str(), url.port, or_null(url.socket), CLIENT_FOUND_ROWS))
    fail("cannot connect to the database", {});
  const auto fd = mysql_get_socket(handle_);
  ::fcntl(fd, F_SETFD, ::fcntl(fd, F_GETFD) | FD_CLOEXEC);
  socket_ = socket_of(fd);
  is_encrypted_ = mysql_get_ssl_cipher(handle_) != nullptr;
  if (url.is_ssl && !is_encrypted_)
    throw Error(ErrorText{.what = "the server offers no TLS", .where = where_});
  command("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
  command(
      "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), "
      "innodb_lock_wait_timeout = " +
      std::to_string(lock_wait.count()));
}

void MysqlSession::close() noexcept {
  for (const auto& prepared : statements_) mysql_stmt_close(prepared.statement);
  statements_.clear();
  mysql_close(handle_);
  handle_ = nullptr;
}

void MysqlSession::detach() noexcept {
  if (!handle_) return;
  // /dev/null in the place of the socket: whatever the library still writes goes nowhere.
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const auto fd = mysql_get_socket(handle_);
  if (nowhere >= 0 && socket_ != 0 && socket_of(fd) == socket_) ::dup3(nowhere, fd, O_CLOEXEC);
  if (nowhere >= 0) ::close(nowhere);
  handle_ = nullptr;  // leaked: its memory may be half changed by a thread of the parent
  statements_.clear();
}

bool MysqlSession::is_quiet() const {
  // Over TLS the library may have left a session ticket unread.
  const short closed = POLLRDHUP, anything = POLLIN | POLLRDHUP;
  pollfd socket{mysql_get_socket(handle_), is_encrypted_ ? closed : anything, 0};
  return socket.fd >= 0 && ::poll(&socket, 1, 0) == 0;
}

void MysqlSession::ping() {
  if (mysql_ping(handle_) != 0) fail({}, {});
}

bool MysqlSession::is_in_transaction() const {
  return (handle_->server_status & SERVER_STATUS_IN_TRANS) != 0;
}

std::int64_t MysqlSession::id() const {
  return static_cast<std::int64_t>(mysql_thread_id(handle_));
}

void MysqlSession::command(std::string_view sql) {
  if (mysql_real_query(handle_, sql.data(), sql.size()) != 0) {
    const auto code = mysql_errno(handle_);
    throw MysqlError(code, !is_lost_before_sending(code),
                     {.what = with_sql(mysql_error(handle_), sql), .where = where_});
  }
}

st_mysql_stmt* MysqlSession::prepare(std::string_view sql) {
  for (auto it = statements_.begin(); it != statements_.end(); ++it)
    if (it->sql == sql) {
      statements_.splice(statements_.begin(), statements_, it);
      return it->statement;
    }
  auto* const statement = mysql_stmt_init(handle_);
  if (!statement) throw std::bad_alloc();
  const my_bool yes = 1;  // read_rows makes its buffers as large as the result needs them
  mysql_stmt_attr_set(statement, STMT_ATTR_UPDATE_MAX_LENGTH, &yes);
  statements_.push_front({std::string(sql), statement});
  if (mysql_stmt_prepare(statement, sql.data(), sql.size()) != 0) {
    const auto close = [&](st_mysql_stmt* failed) { forget(failed); };
    const std::unique_ptr<st_mysql_stmt, decltype(close)> closing(statement, close);
    fail(statement, sql, false);
  }
  if (statements_.size() > statements_max) forget(statements_.back().statement);
  return statement;
}

void MysqlSession::forget(st_mysql_stmt* statement) noexcept {
  std::erase_if(statements_, [&](const Prepared& one) { return one.statement == statement; });
  mysql_stmt_close(statement);
}

void MysqlSession::bind(st_mysql_stmt* statement, std::string_view sql, const Row& values) {
  if (mysql_stmt_param_count(statement) != values.size())
    throw Error(ErrorText{
        .what = with_sql("a statement wants " + std::to_string(mysql_stmt_param_count(statement)) +
                             " values and got " + std::to_string(values.size()),
                         sql),
        .where = where_});
  std::vector<MYSQL_BIND> binds(values.size(), MYSQL_BIND{});
  const auto point_at = [](MYSQL_BIND& bind, enum_field_types type, const void* bytes,
                           std::size_t size) {
    bind.buffer_type = type;
    bind.buffer = const_cast<void*>(bytes);  // NOLINT: the library's binds serve both directions
    bind.buffer_length = size;
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (const auto* number = std::get_if<std::int64_t>(&values[i]))
      point_at(binds[i], MYSQL_TYPE_LONGLONG, number, sizeof *number);
    else if (const auto* real = std::get_if<double>(&values[i]))
      point_at(binds[i], MYSQL_TYPE_DOUBLE, real, sizeof *real);
    else if (const auto* bytes = std::get_if<std::string>(&values[i]))
      // As text wherever it is text: an index of a text column is not used for a binary value.
      point_at(binds[i], is_utf8(*bytes) ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB, bytes->data(),
               bytes->size());
    else
      binds[i].buffer_type = MYSQL_TYPE_NULL;
  }
  if (!binds.empty() && mysql_stmt_bind_param(statement, binds.data()) != 0)
    fail(statement, sql, false);
}

Answer MysqlSession::execute(st_mysql_stmt* statement, std::string_view sql, const Row& values) {
  bind(statement, sql, values);
  if (mysql_stmt_execute(statement) != 0) fail(statement, sql, true);
  Answer answer;
  if (mysql_stmt_field_count(statement) > 0) {
    if (mysql_stmt_store_result(statement) != 0) fail(statement, sql, true);
    auto rows = read_rows(statement);
    if (!rows) fail(statement, sql, true);
    answer.rows = std::move(*rows);
    mysql_stmt_free_result(statement);
    while (mysql_stmt_more_results(statement) && mysql_stmt_next_result(statement) == 0)
      mysql_stmt_free_result(statement);  // a CALL: its first result is the answer
    return answer;
  }
  answer.changed = mysql_stmt_affected_rows(statement);
  answer.insert_id = static_cast<std::int64_t>(mysql_stmt_insert_id(statement));
  return answer;
}

Answer MysqlSession::run(std::string_view sql, const Row& values) {
  for (bool is_first = true;; is_first = false) {
    auto* const statement = prepare(sql);
    try {
      return execute(statement, sql, values);
    } catch (const MysqlError& problem) {
      forget(statement);
      const bool is_undone = is_prepared_anew(problem.code()) ||
                             (has_other_columns(problem.code()) && sql_word(sql) == SqlWord::read);
      if (!is_first || !is_undone) throw;
    } catch (...) {
      forget(statement);
      throw;
    }
  }
}

}  // namespace daemonz::db
