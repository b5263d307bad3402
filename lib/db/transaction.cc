#include "db/transaction.h"

#include "base/log.h"

namespace daemonz::db {
namespace {

constexpr Milliseconds retry_wait_first{10};  // doubled at each try: 10, 20, 40, 80 ms

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
  for (int tries = 1;; ++tries, wait *= 2) {
    try {
      return try_once(connection, begin, body);
    } catch (const DatabaseError& problem) {
      if (problem.failure() != Failure::busy || tries == transaction_tries) throw;
      log::debug("db", "transaction tried again", {{"tries", tries}, {"problem", problem.what()}});
      std::this_thread::sleep_for(wait);  // sleep-ok: backing off, the other one must commit
    }
  }
}

}  // namespace daemonz::db
