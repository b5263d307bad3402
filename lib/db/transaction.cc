#include "db/transaction.h"

#include "base/log.h"

namespace daemonz::db {
namespace {

void roll_back(Connection& connection) noexcept {
  if (!connection.is_in_transaction()) return;  // the engine rolled back by itself
  try {
    connection.execute("ROLLBACK");
  } catch (const DatabaseError& problem) {
    log::warn("db", "rollback failed", {{"problem", problem.what()}});
  }
}

void try_once(Connection& connection, std::string_view begin,
              const std::function<void(Connection&)>& body) {
  connection.execute(begin);
  try {
    body(connection);
    if (!connection.is_in_transaction())
      throw Error(
          ErrorText{.what = "a transaction was ended by a statement inside it",
                    .hint = "MySQL commits before CREATE, ALTER and DROP: run them outside."});
    connection.execute("COMMIT");
  } catch (...) {
    roll_back(connection);
    throw;
  }
}

}  // namespace

void run_transaction(Connection& connection, std::string_view begin,
                     const std::function<void(Connection&)>& body) {
  if (connection.is_in_transaction())
    throw Error(ErrorText{.what = "a transaction inside a transaction",
                          .hint = "Pass the Connection& of the outer one down instead."});
  auto wait = retry_wait_first;
  for (int tries = 1;; ++tries, wait = std::min(wait * 2, retry_wait_max)) {
    try {
      return try_once(connection, begin, body);
    } catch (const DatabaseError& problem) {
      const bool is_worth_it =
          problem.failure() == Failure::busy || problem.failure() == Failure::read_only;
      if (!is_worth_it || tries == transaction_tries) throw;
      log::debug("db", "transaction tried again", {{"tries", tries}, {"problem", problem.what()}});
      std::this_thread::sleep_for(wait);  // sleep-ok: backing off, the other one must commit
    }
  }
}

}  // namespace daemonz::db
