#include "db/mysql.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/mysql_error.h"
#include "db/mysql_session.h"
#include "db/sql_word.h"
#include "db/transaction.h"

namespace daemonz::db {
namespace {

/// One connection that outlives its sessions. A transaction never outlives its session.
class Mysql final : public Connection {
 public:
  Mysql(MysqlUrl url, Milliseconds patience)
      : url_(std::move(url)), patience_(patience), pid_(::getpid()) {
    open();
  }
  ~Mysql() override = default;  // the session knows whose it is

  Dialect dialect() const override { return Dialect::mysql; }
  Rows query(std::string_view sql, const Row& values) override { return run(sql, values).rows; }
  std::uint64_t execute(std::string_view sql, const Row& values) override {
    return run(sql, values).changed;
  }
  std::int64_t last_insert_id() const override { return insert_id_; }
  void transaction(const std::function<void(Connection&)>& body) override {
    run_transaction(*this, "START TRANSACTION", body);
  }
  bool is_in_transaction() const override { return transaction_ != Transaction::none; }
  void verify() override;
  void detach() noexcept override {
    if (session_) session_->detach();
  }

 private:
  /// `lost`: what was begun is rolled back, and its owner has not said ROLLBACK yet. What he says
  /// before that must not run outside.
  enum class Transaction { none, open, lost };

  Answer run(std::string_view sql, const Row& values);
  Answer run_once(std::string_view sql, SqlWord word, const Row& values);
  Answer run_inside(std::string_view sql, SqlWord word, const Row& values);
  Answer run_outside(std::string_view sql, SqlWord word, const Row& values);
  void open();
  void reopen();
  void lose(const MysqlError& problem);

  MysqlUrl url_;
  Milliseconds patience_;
  pid_t pid_;
  std::unique_ptr<MysqlSession> session_;  // nullptr: broken, the next statement makes another
  Transaction transaction_ = Transaction::none;
  Failure loss_ = Failure::gone;  // why the transaction is lost
  std::int64_t insert_id_ = 0;
  SteadyTime used_{};
};

void Mysql::open() {
  // A lock is waited for in `transaction_tries` parts: each of them is tried again.
  const auto part = std::chrono::ceil<Seconds>(patience_ / transaction_tries);
  session_ = std::make_unique<MysqlSession>(url_, std::max(part, Seconds(1)));
  used_ = real_clock().steady();
}

// A server that restarts refuses for a while.
void Mysql::reopen() {
  session_.reset();
  const auto deadline = real_clock().steady() + patience_;
  for (auto wait = retry_wait_first;; wait = std::min(wait * 2, retry_wait_max)) {
    try {
      open();
      log::info("db", "database connected again", {{"where", url_.shown()}});
      return;
    } catch (const MysqlError& problem) {
      if (problem.failure() != Failure::gone || real_clock().steady() + wait > deadline) throw;
    }
    std::this_thread::sleep_for(wait);  // sleep-ok: a server that is away wakes nobody
  }
}

void Mysql::verify() {
  if (transaction_ == Transaction::lost) return;  // its next statement says so
  const bool is_idle = real_clock().steady() - used_ >= idle_max;
  try {
    if (session_ && session_->is_quiet()) {
      if (is_idle) session_->ping();
      used_ = real_clock().steady();
      return;
    }
  } catch (const MysqlError& problem) {
    if (transaction_ != Transaction::none) {
      lose(problem);
      throw;
    }
  }
  if (transaction_ != Transaction::none) {
    const MysqlError problem(2006, false,
                             {.what = "the database closed the connection in the "
                                      "middle of a transaction",
                              .where = url_.shown()});
    lose(problem);
    throw problem;
  }
  reopen();
}

Answer Mysql::run(std::string_view sql, const Row& values) {
  if (pid_ != ::getpid())
    throw Error(ErrorText{.what = "a connection that was opened before a fork is the parent's",
                          .where = url_.shown(),
                          .hint = "Open another one in the child."});
  const auto word = sql_word(sql);
  auto answer = transaction_ == Transaction::none ? run_outside(sql, word, values)
                                                  : run_inside(sql, word, values);
  if (answer.insert_id != 0) insert_id_ = answer.insert_id;
  used_ = real_clock().steady();
  return answer;
}

Answer Mysql::run_once(std::string_view sql, SqlWord word, const Row& values) {
  Answer answer;
  if (word == SqlWord::begin || word == SqlWord::commit || word == SqlWord::rollback)
    session_->command(sql);
  else
    answer = session_->run(sql, values);
  transaction_ = session_->is_in_transaction() ? Transaction::open : Transaction::none;
  return answer;
}

void Mysql::lose(const MysqlError& problem) {
  transaction_ = Transaction::lost;
  loss_ = problem.failure();
  if (loss_ != Failure::busy) session_.reset();
}

Answer Mysql::run_inside(std::string_view sql, SqlWord word, const Row& values) {
  if (transaction_ == Transaction::lost) {
    if (word != SqlWord::rollback)
      throw DatabaseError(
          loss_, {.what = "the transaction was lost before: " + std::string(sql.substr(0, 200)),
                  .where = url_.shown()});
    transaction_ = Transaction::none;
    return {};
  }
  try {
    return run_once(sql, word, values);
  } catch (const MysqlError& problem) {
    // A server that became read-only would refuse the rest too: the next session finds the new one.
    if (problem.failure() == Failure::gone || problem.failure() == Failure::read_only ||
        is_rolled_back_by_server(problem.code()))
      lose(problem);
    throw;
  }
}

Answer Mysql::run_outside(std::string_view sql, SqlWord word, const Row& values) {
  const auto deadline = real_clock().steady() + patience_;
  bool is_repeated = false;
  auto wait = retry_wait_first;
  for (int tries = 1;; ++tries, wait = std::min(wait * 2, retry_wait_max)) {
    if (!session_ || !session_->is_quiet()) reopen();
    try {
      return run_once(sql, word, values);
    } catch (const MysqlError& problem) {
      const auto failure = problem.failure();
      const bool is_in_time = real_clock().steady() + wait <= deadline;
      if (failure == Failure::gone || failure == Failure::read_only) session_.reset();
      if (failure == Failure::gone) {
        // Perhaps it was done: a write that is done twice is worse than one that is reported lost.
        if (is_repeated || (problem.may_have_run() && word == SqlWord::other)) throw;
        is_repeated = true;
        continue;
      }
      const bool is_worth_it =
          (failure == Failure::busy && tries < transaction_tries) || failure == Failure::read_only;
      if (!is_worth_it || !is_in_time) throw;
    }
    std::this_thread::sleep_for(wait);  // sleep-ok: the other one must commit, or be promoted
  }
}

}  // namespace

std::unique_ptr<Connection> connect_mysql(MysqlUrl url, Milliseconds patience) {
  return std::make_unique<Mysql>(std::move(url), patience);
}

}  // namespace daemonz::db
