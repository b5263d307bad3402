// One job as it travels: envelope v1, one JSON object of at most 1 MiB. Follows jobs.md, "Envelope
// v1". What a field that we do not know means is its maker's business: it is kept and passed on.
// Not the queue's item (bytes, lease: broker/broker.h) and not the row in the job table.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/queue_name.h"
#include "base/units.h"
#include "offline_tasks/job_id.h"
#include "offline_tasks/options.h"

namespace daemonz::offline_tasks {

inline constexpr int envelope_version = 1;
inline constexpr Bytes envelope_size_max = mebibytes(1);  ///< the queue's max_item_bytes
inline constexpr std::size_t errors_kept = 3;             ///< older ones are in the job table
inline constexpr std::size_t error_size_max = 2'000;  ///< of one text: a retry must not grow much
inline constexpr std::size_t task_name_size_max = 100;

/// One failed attempt.
struct AttemptError {
  std::uint32_t attempt = 0;  ///< counted from 0
  WallTime at{};
  std::string why;
};

/// A value. Threads: as for any value. Times travel as "2026-11-21T13:20:01.123Z", spans as seconds
/// (0.25 is a quarter).
struct Envelope {
  JobId id;
  std::string task;
  json::object args;
  std::string queue;  ///< where it was pushed first; a retry goes back there
  Priority priority = priority_default;
  WallTime created{};
  std::optional<WallTime> run_at;
  std::optional<WallTime> expires;
  std::uint32_t attempt = 0;  ///< how many attempts failed before this one
  std::uint32_t max_attempts = max_attempts_default;
  std::uint32_t max_deliveries = 0;  ///< 0: the queue's own
  Milliseconds timeout = timeout_default;
  std::vector<Milliseconds> backoff;  ///< empty: the stock one, see retry_delay
  std::optional<Track> track;
  bool keeps_failed = true, keeps_result = true;  ///< "keep_failed", "keep_result"
  json::object unique;  ///< {"key": as the caller wrote it, "for": seconds}; empty: none
  std::vector<OnDone> on_done;
  std::string batch;
  json::object context;              ///< "ctx"
  std::vector<AttemptError> errors;  ///< the last errors_kept
  json::object signature;            ///< "sig"
  json::object unknown;              ///< fields of other makers

  /// Reads bytes from a queue. nullopt: no envelope at all (not JSON, no object, or neither "task"
  /// nor "v" in it); see raw_job. Throws Error for an envelope with a fault: it names the field.
  /// A missing "id" is made up: such a job has another id at each delivery until its first retry,
  /// so its effects are not fenced before that.
  [[nodiscard]] static std::optional<Envelope> decode(std::string_view bytes);

  /// The JSON text. Throws Error that names task and size when it is above envelope_size_max.
  [[nodiscard]] std::string encode() const;

  [[nodiscard]] std::string unique_key() const;  ///< empty: none
  /// Until when the key is held although the job is done; nullopt: no longer than that.
  [[nodiscard]] std::optional<WallTime> unique_until() const;
};

/// 1..task_name_size_max characters of [A-Za-z0-9_.:-].
[[nodiscard]] constexpr bool is_task_name(std::string_view name) {
  if (name.empty() || name.size() > task_name_size_max) return false;
  for (const char c : name) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_letter && !is_digit && std::string_view("_.:-").find(c) == std::string_view::npos)
      return false;
  }
  return true;
}

/// Any bytes that are no envelope become a job of the task `raw`: args {"body": text}, or
/// {"body_base64": ..} where they are not UTF-8. A processor without such a task puts it aside.
inline constexpr std::string_view raw_task = "raw";
[[nodiscard]] Envelope raw_job(std::string_view bytes, const QueueName& queue, WallTime now);

/// The successor after a failed attempt: attempt + 1, the error noted (shortened to
/// error_size_max). Whether it is retried or dead is the caller's choice: `attempt >= max_attempts`
/// is dead.
[[nodiscard]] Envelope after_failure(Envelope job, std::string_view why, WallTime now);

/// How long a job waits that has failed `job.attempt` times (1..): its own backoff, or Sidekiq's
/// n^4 + 15 s + jitter (0..1) x 10 s x (n + 1) with n = attempt - 1. The jitter keeps what failed
/// together from coming back together.
[[nodiscard]] Milliseconds retry_delay(const Envelope& job, double jitter);

/// The queue's unique key for a caller's one: 32 hexadecimal digits (a 128-bit hash).
[[nodiscard]] std::string unique_key_digest(std::string_view key);

/// Orders the attempts at one job and the deliveries of one attempt: job_table::make_token.
struct Token {
  std::uint64_t value = 0;
  [[nodiscard]] static Token of(std::uint32_t attempt, std::uint64_t delivery);
  friend auto operator<=>(Token, Token) = default;
};

}  // namespace daemonz::offline_tasks
