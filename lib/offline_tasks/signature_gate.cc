// The processor's side of signing.h: refuses, counts, remembers what was settled.
#include <array>

#include "base/error.h"
#include "base/log.h"
#include "db/connection.h"
#include "db/migrations.h"
#include "offline_tasks/signing.h"

namespace daemonz::offline_tasks {
namespace {

constexpr int sweep_every = 1'000;  ///< settled jobs between two sweeps of expired nonces

const char* const create_nonces =
    "CREATE TABLE IF NOT EXISTS daemonz_nonces (nonce VARCHAR(64) NOT NULL PRIMARY KEY, "
    "expires_at BIGINT NOT NULL)";
const char* const index_sqlite =
    "CREATE INDEX IF NOT EXISTS daemonz_nonces_expires ON daemonz_nonces (expires_at)";
const char* const create_nonces_mysql =
    "CREATE TABLE IF NOT EXISTS daemonz_nonces (nonce VARCHAR(64) NOT NULL PRIMARY KEY, "
    "expires_at BIGINT NOT NULL, KEY (expires_at))";
const char* const create_refused =
    "CREATE TABLE IF NOT EXISTS daemonz_refused (reason VARCHAR(32) NOT NULL PRIMARY KEY, "
    "count BIGINT NOT NULL, last_job VARCHAR(64) NOT NULL, last_at CHAR(24) NOT NULL)";

const std::array<db::Migration, 1> steps{{{.sqlite = {create_nonces, index_sqlite, create_refused},
                                           .mysql = {create_nonces_mysql, create_refused}}}};

std::string insert_or_ignore(const db::Connection& connection) {
  return connection.dialect() == db::Dialect::sqlite ? "INSERT OR IGNORE INTO "
                                                     : "INSERT IGNORE INTO ";
}

/// A nonce longer than ours is another maker's: its front serves as well.
std::string nonce_of(const Envelope& job) {
  const auto* found = job.signature.if_contains("nonce");
  if (!found || !found->is_string()) return {};
  return std::string(found->get_string()).substr(0, 64);
}

std::int64_t expiry_of(const Envelope& job, WallTime otherwise) {
  const auto text = json::string_of(job.signature, "until");
  return unix_milliseconds(text ? parse_iso8601(*text).value_or(otherwise) : otherwise);
}

}  // namespace

SignatureGate::SignatureGate(Signing signing) : signing_(std::move(signing)) { check(signing_); }

void SignatureGate::migrate(db::Connection& connection) {
  db::migrate(connection, "signing", steps);
}

std::optional<Refusal> SignatureGate::refuse(std::string_view body, const Envelope& job,
                                             db::Connection* connection, WallTime now) {
  if (!signing_.is_on()) return {};
  auto refusal = refusal_of(body, signing_, now);
  if (!refusal && is_settled(nonce_of(job), connection)) refusal = Refusal::replayed;
  if (refusal) count(*refusal, job, connection, now);
  return refusal;
}

bool SignatureGate::is_settled(const std::string& nonce, db::Connection* connection) {
  if (connection)
    return !connection->query("SELECT 1 FROM daemonz_nonces WHERE nonce = ?", {nonce}).rows.empty();
  const std::lock_guard lock(guard_);
  return nonces_.contains(nonce);
}

void SignatureGate::count(Refusal reason, const Envelope& job, db::Connection* connection,
                          WallTime now) {
  const auto so_far = ++counts_[static_cast<std::size_t>(reason)];
  log::warn(
      "signing", "job refused",
      {{"job", job.id}, {"task", job.task}, {"reason", to_string(reason)}, {"count", so_far}});
  if (!connection) return;
  try {
    const std::string name = to_string(reason);
    (void)connection->execute(insert_or_ignore(*connection) +
                                  "daemonz_refused (reason, count, last_job, last_at) "
                                  "VALUES (?, 0, '', '')",
                              {name});
    (void)connection->execute(
        "UPDATE daemonz_refused SET count = count + 1, last_job = ?, last_at = ? WHERE reason = ?",
        {job.id, to_iso8601(now), name});
  } catch (const Error& problem) {
    log::warn("signing", "refusal not counted in the database", {{"problem", problem.what()}});
  }
}

void SignatureGate::settled(const Envelope& job, db::Connection* connection, WallTime now) {
  const auto nonce = nonce_of(job);
  if (!signing_.is_on() || nonce.empty()) return;
  if (!connection) {
    const std::lock_guard lock(guard_);
    if (!nonces_.insert(nonce).second) return;
    oldest_.push_back(nonce);
    if (oldest_.size() <= nonces_kept_max) return;
    nonces_.erase(oldest_.front());
    oldest_.pop_front();
    return;
  }
  try {
    (void)connection->execute(
        insert_or_ignore(*connection) + "daemonz_nonces (nonce, expires_at) VALUES (?, ?)",
        {nonce, std::int64_t{expiry_of(job, now + signing_.lifetime)}});
    static std::atomic<int> until_sweep{sweep_every};
    if (--until_sweep > 0) return;
    until_sweep = sweep_every;
    (void)connection->execute("DELETE FROM daemonz_nonces WHERE expires_at < ?",
                              {std::int64_t{unix_milliseconds(now)}});
  } catch (const Error& problem) {
    log::warn("signing", "settled job not remembered, a replay of it would be delivered",
              {{"job", job.id}, {"problem", problem.what()}});
  }
}

}  // namespace daemonz::offline_tasks
