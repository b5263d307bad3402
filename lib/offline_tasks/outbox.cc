#include "offline_tasks/outbox.h"

#include <array>

#include "base/error.h"
#include "base/log.h"
#include "base/utf8.h"
#include "db/migrations.h"
#include "offline_tasks/front.h"
#include "offline_tasks/queue_way.h"

namespace daemonz::offline_tasks {
namespace {

using broker::PushResult;
using broker::PushState;

constexpr std::int64_t rows_at_once = 500;     ///< envelopes of up to 1 MiB each are in memory
constexpr std::size_t problem_size_max = 500;  ///< of the queue's words

const std::array<db::Migration, 1> steps{{{
    .sqlite = {R"(CREATE TABLE daemonz_outbox (
                    place INTEGER PRIMARY KEY AUTOINCREMENT,
                    id TEXT NOT NULL,
                    envelope TEXT NOT NULL,
                    problem TEXT NOT NULL DEFAULT '',
                    created_at TEXT NOT NULL))"},
    .mysql = {R"(CREATE TABLE IF NOT EXISTS daemonz_outbox (
                   place BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
                   id VARCHAR(64) NOT NULL,
                   envelope LONGTEXT NOT NULL,
                   problem VARCHAR(2000) NOT NULL DEFAULT '',
                   created_at CHAR(24) NOT NULL
                 ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4)"},
}}};

/// One row; what cannot be read any more is a refusal, never a loss.
PushResult relay(const std::string& body, const PushParcel& push) {
  std::vector<Envelope> jobs;
  try {
    jobs.push_back(Envelope::decode(body).value());
  } catch (const std::exception& problem) {
    return {PushState::refused, problem.what()};
  }
  return push({jobs, {body}});
}

}  // namespace

void migrate_outbox(db::Connection& connection) { db::migrate(connection, "outbox", steps); }

JobId push(db::Connection& in_transaction, const PushRequest& request) {
  if (!in_transaction.is_in_transaction())
    throw Error(ErrorText{.what = "a push into the outbox outside of a transaction",
                          .where = "task " + request.task,
                          .hint = "Without one, push_push(task) does the same sooner"});
  const auto job = make_envelope(request);
  in_transaction.execute("INSERT INTO daemonz_outbox (id, envelope, created_at) VALUES (?, ?, ?)",
                         {job.id, job.encode(), to_iso8601(job.created)});
  return job.id;
}

Relayed relay_outbox(db::Connection& connection, const PushParcel& push) {
  Relayed relayed;
  std::int64_t after = 0;
  for (;;) {
    const auto found = connection.query(
        "SELECT place, id, envelope FROM daemonz_outbox WHERE place > ? ORDER BY place LIMIT ?",
        {after, rows_at_once});
    for (const auto& row : found.rows) {
      after = db::integer(row[0]).value_or(after);
      const auto result = relay(db::text(row[2]), push);
      if (result.state == PushState::unknown || result.state == PushState::unreachable)
        return relayed;  // the scheduler comes again
      if (result.state == PushState::refused) {
        ++relayed.refused;
        log::warn("outbox", "job refused", {{"job", db::text(row[1])}, {"why", result.detail}});
        connection.execute("UPDATE daemonz_outbox SET problem = ? WHERE place = ?",
                           {to_utf8(result.detail, problem_size_max), after});
        continue;
      }
      if (result.state == PushState::duplicate)
        log::warn("outbox", "job dropped, its unique key is alive", {{"job", db::text(row[1])}});
      ++(result.state == PushState::duplicate ? relayed.duplicates : relayed.pushed);
      connection.execute("DELETE FROM daemonz_outbox WHERE place = ?", {after});
    }
    if (found.rows.size() < static_cast<std::size_t>(rows_at_once)) return relayed;
  }
}

Relayed relay_outbox(db::Connection& connection, broker::Broker& broker) {
  return relay_outbox(connection,
                      [&](const Parcel& parcel) { return push_parcel(broker, parcel); });
}

Relayed relay_outbox(db::Connection& connection) {
  const auto connected = front();
  return relay_outbox(connection, [&](const Parcel& parcel) -> PushResult {
    const auto answer = connected->push(parcel.jobs.front());
    return {answer.is_duplicate() ? PushState::duplicate : PushState::confirmed, {}};
  });
}

}  // namespace daemonz::offline_tasks
