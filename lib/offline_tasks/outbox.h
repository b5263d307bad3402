// push(tx, task): a job that is pushed if and only if the caller's own database transaction
// commits. It travels as a row of daemonz_outbox, which the scheduler relays to the queue. Follows
// jobs.md ("Options") and delivery.md, point 18.
//
//     database.transaction([&](db::Connection& tx) {
//       tx.execute("INSERT INTO orders ..");
//       offline_tasks::push(tx, MailReceipt{42});             // both, or neither
//     });
//
// The database is the one that the scheduler has (`database:`); its table is made by the scheduler
// or by migrate_outbox. In tests and development, where no scheduler runs, call relay_outbox(tx).
#pragma once

#include "broker/broker.h"
#include "db/connection.h"
#include "offline_tasks/push.h"
#include "offline_tasks/spool.h"

namespace daemonz::offline_tasks {

void migrate_outbox(db::Connection& connection);

/// Inside a transaction of the caller: throws Error outside of one. Returns the job's id; whether a
/// unique key is taken shows only when the row is relayed (such a job is dropped with a log line).
JobId push(db::Connection& in_transaction, const PushRequest& request);

template <Task T>
JobId push(db::Connection& in_transaction, const T& task, const Options& options = {}) {
  return push(in_transaction,
              {Direction::push, std::string(T::name), to_json(task), options, task_defaults<T>()});
}

template <class... Tasks>
template <class T>
JobId TaskList<Tasks...>::push(db::Connection& in_transaction, const T& task,
                               const Options& options) {
  static_assert(contains<T>, "a task outside of the TaskList cannot go into the outbox either");
  return offline_tasks::push(in_transaction, task, options);
}

struct Relayed {
  std::size_t pushed = 0;
  std::size_t duplicates = 0;  ///< its unique key was alive: dropped
  std::size_t refused = 0;     ///< stays, with the queue's words in `problem`
};

/// Pushes what is committed, oldest first, and removes the rows. Stops when the queue is away. A
/// relay that dies between push and removal pushes the same id again: stored once. Several may
/// relay at once. Throws DatabaseError.
Relayed relay_outbox(db::Connection& connection, const PushParcel& push);
Relayed relay_outbox(db::Connection& connection, broker::Broker& broker);  ///< the scheduler
Relayed relay_outbox(db::Connection& connection);  ///< through connect()'s strategy

}  // namespace daemonz::offline_tasks
