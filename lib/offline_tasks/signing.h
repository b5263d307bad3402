// Signed jobs: who pushed a job had one of the site's keys, and nobody changed it on its way.
// HMAC-SHA256 over the job's canonical bytes; the envelope carries
//
//   "sig":{"key":"k2","time":"..Z","until":"..Z","nonce":"32 hex digits","mac":"64 hex digits"}
//
// Canonical bytes: the envelope's own JSON text without blanks between its tokens, the members of
// every object sorted by key, and without sig.mac. Numbers and strings stay as they are written, so
// any language can sign: json.dumps(job, sort_keys=True, separators=(",", ":")) in Python.
// Not encryption: everybody who reaches the queue reads the jobs. Not for the processor's secrets:
// who checks could sign too. Follows jobs.md ("Signed") and seed row A11.
//
// Every copy of a job is signed by who made it: the front end at the push, the processor each
// successor (Signer::sign with the next attempt in it), so attempts cannot be altered either. An
// engine that hands the same item out again sends the same bytes: that is no replay. A replay is
// a delivery whose nonce was settled before, when the engine had confirmed the settlement: what it
// confirmed it cannot hand out again. A copy that comes while the original is still being worked on
// is a second delivery like any other (delivery.md, 7 and 8): effects through Context::transaction
// happen once.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/units.h"
#include "offline_tasks/envelope.h"

namespace daemonz::db {
class Connection;
}

namespace daemonz::offline_tasks {

inline constexpr std::size_t signing_key_size_min = 16;  ///< bytes; 32 random ones are good

/// Keys rotate without loss: give the new one to all who check, then sign with it, then wait until
/// nothing signed with the old one is left, then take that away.
struct Signing {
  std::map<std::string, std::string> keys;  ///< key id -> secret; empty: signing is off
  std::string sign_with;                    ///< key id; empty: only checked, never signed
  /// How long a job may wait for its processor, counted from its signing or from when it is due.
  /// A later one is refused as expired, an earlier one is remembered for so long.
  Milliseconds lifetime = std::chrono::hours(24 * 7);
  [[nodiscard]] bool is_on() const { return !keys.empty(); }
};

/// Throws Error that names the key: too short, a bad id (1..32 of [A-Za-z0-9_.-]), sign_with
/// unknown.
void check(const Signing& signing);

/// The bytes that a MAC is computed over. Throws Error when `text` is no JSON object or an object
/// in it has two members of one name.
[[nodiscard]] std::string canonical_bytes(std::string_view text);

/// Signs `job` as it is now; what changes it later makes it altered. With sign_with empty the key
/// that the job was signed with before is used, where it is known; else nothing is done.
void sign(Envelope& job, const Signing& signing, WallTime now);

/// Why a job is not performed.
enum class Refusal { not_signed, unknown_key, altered, expired, replayed };
inline constexpr std::size_t refusal_count = 5;
[[nodiscard]] const char* to_string(Refusal refusal);  ///< "not signed", "unknown key", ..

/// Is `body`, an envelope as it came from the queue, authentic and of now? Says nothing about
/// replays. nullopt: yes.
[[nodiscard]] std::optional<Refusal> refusal_of(std::string_view body, const Signing& signing,
                                                WallTime now);

/// The processor's side: refuses and counts. Threads: any.
///
///     SignatureGate gate(signing);                            // once per processor
///     gate.migrate(connection);                               // with a database
///     if (auto why = gate.refuse(lease.body, job, connection, now))   // before Reports::started
///       -> Kill{refused_text(*why)}, buried with the bytes as they came (never signed again)
///     ... perform, settle (successors: sign(successor, signing, now)) ...
///     gate.settled(job, connection, now);                     // the engine has confirmed it
///
/// `connection` may be nullptr: replays are then known for as long as this process lives, by it
/// alone, at most nonces_kept_max of them. Does nothing where signing is off.
class SignatureGate {
 public:
  static constexpr std::size_t nonces_kept_max = 100'000;  ///< without a database: 10 MB

  explicit SignatureGate(Signing signing);  ///< throws Error: see check

  static void migrate(db::Connection& connection);

  [[nodiscard]] const Signing& signing() const { return signing_; }
  /// A refusal is logged, counted here and, with a database, in daemonz_refused(reason, count).
  [[nodiscard]] std::optional<Refusal> refuse(std::string_view body, const Envelope& job,
                                              db::Connection* connection, WallTime now);
  /// After Settled::done of an ack, of a successor or of a burial. Never throws for a database that
  /// is away: what it then fails to remember is guarded by the fences alone, and logged.
  void settled(const Envelope& job, db::Connection* connection, WallTime now);
  [[nodiscard]] std::uint64_t refused(Refusal reason) const {
    return counts_[static_cast<std::size_t>(reason)];
  }

 private:
  [[nodiscard]] bool is_settled(const std::string& nonce, db::Connection* connection);
  void count(Refusal reason, const Envelope& job, db::Connection* connection, WallTime now);

  const Signing signing_;
  std::array<std::atomic<std::uint64_t>, refusal_count> counts_{};
  std::mutex guard_;
  std::set<std::string> nonces_;    // guarded
  std::deque<std::string> oldest_;  // guarded; of nonces_, in order
};

/// "refused: its signature is altered ..": the text of the Kill.
[[nodiscard]] std::string refused_text(Refusal refusal);

// The user's session as an opaque token with an expiry: what travels in a job's context instead of
// a cookie (which would log in whoever reads the queue).
//
//     push_push(task, {.context = {{"session", session_token("user 42", 1h)}}});
//     auto user = session_subject(context.job().context);                // in the handler

/// Throws Error when signing.sign_with is empty.
[[nodiscard]] std::string session_token(std::string_view subject, Milliseconds lifetime,
                                        const Signing& signing, WallTime now = real_clock().wall());
/// What session_token was given. nullopt: no token, another's, altered or expired.
[[nodiscard]] std::optional<std::string> session_subject(const json::object& job_context,
                                                         const Signing& signing,
                                                         WallTime now = real_clock().wall());
/// The same with the keys and the clock of connect(), which a processor has called too.
[[nodiscard]] std::string session_token(std::string_view subject, Milliseconds lifetime);
[[nodiscard]] std::optional<std::string> session_subject(const json::object& job_context);

}  // namespace daemonz::offline_tasks
