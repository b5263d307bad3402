// What is known about jobs beyond their queue: the table `daemonz_jobs` with delayed_job's facts
// under its names, for status, results, failures and people. Not the queue: a job that stands here
// and in no queue is not run. Follows jobs.md, "The job table and lib/db".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/queue_name.h"
#include "db/connection.h"

namespace daemonz::job_table {

/// pushed -> running -> done | retrying -> running .. | dead; cancelled by a person.
enum class State { pushed, running, retrying, done, dead, cancelled };
[[nodiscard]] const char* to_string(State state);
[[nodiscard]] std::optional<State> parse_state(std::string_view text);

/// attempt x 2^53 + delivery id (delivery.md): what reports on a job, or touches its effects,
/// with a lower token than another did before comes from a processor that lost its lease.
using Token = std::int64_t;
/// The queue server's delivery ids pass 32 bits after 4,096 segments: they have 53, attempts 10.
inline constexpr int token_delivery_bits = 53;
[[nodiscard]] constexpr Token make_token(std::uint32_t attempt, std::uint64_t delivery) {
  return (static_cast<Token>(attempt) << token_delivery_bits) |
         static_cast<Token>(delivery & ((std::uint64_t{1} << token_delivery_bits) - 1));
}

/// One row. Text that is JSON is kept as it came.
struct Job {
  std::int64_t place = 0;  ///< rises with each new row: the key of paging
  std::string id;
  State state = State::pushed;
  std::string task;
  std::string queue;
  std::string batch;  ///< empty: pushed by itself
  int priority = priority_default.level;
  int attempts = 0;      ///< that have begun
  int max_attempts = 0;  ///< 0: not told
  std::string handler;   ///< {"task":..,"args":..}
  std::string last_error;
  std::string errors;    ///< JSON array, one entry per failed attempt, at most errors_max
  std::string progress;  ///< {"done":..,"total":..,"note":..} or ""
  std::string result;    ///< JSON, or ""
  std::string envelope;  ///< of dead jobs: the bytes that `retry` pushes again; else ""
  std::string locked_by;
  std::optional<WallTime> run_at, locked_at, failed_at;
  WallTime created_at{}, updated_at{};
};

inline constexpr std::size_t errors_max = 20;              ///< entries kept per job, the last ones
inline constexpr std::size_t error_size_max = 4'000;       ///< bytes of one error text
inline constexpr std::size_t result_size_max = 256 << 10;  ///< larger results belong in a table
inline constexpr std::size_t progress_size_max = 8'000;    ///< bytes of its JSON
inline constexpr std::size_t batch_size_max = 64;          ///< bytes of a batch's id; more is cut

/// What the front end or a processor knows about a job when it writes about it.
struct Facts {
  std::string id;
  std::string task;
  std::string queue;
  std::string batch;
  Priority priority;
  int max_attempts = 0;
  std::string handler;
  std::optional<WallTime> run_at;
  WallTime created_at{};
};

/// Which rows `list` gives, newest first. Empty = all.
struct Filter {
  std::vector<State> states;
  std::string queue;
  std::string task;
  std::string batch;
  std::int64_t before = 0;  ///< the `place` of the last row seen; 0: from the newest
  std::size_t limit = 50;
};

/// Brings the tables of this room to this program's version. Throws Error when they are newer.
void migrate(db::Connection& connection);

/// The statements, over a connection on loan. Threads: one. Writes are single statements unless
/// told; inside a transaction of the caller they belong to it. A report with a token lower than the
/// row's changes nothing and returns false: the job is somebody else's by now.
class Table {
 public:
  explicit Table(db::Connection& connection, const Clock& clock = real_clock())
      : connection_(connection), clock_(clock) {}

  /// Before the push, so that `wait` finds it: state pushed. A row that exists stays as it is.
  void record_pushed(const Facts& job);
  /// The push was refused: the row goes, if nothing ran yet.
  void forget_pushed(std::string_view id);
  /// Makes the row if the front end did not.
  /// `attempt` counts from 1 here and below. False also when the job is done or cancelled; a dead
  /// one that is delivered with a higher token was pushed again and lives.
  bool record_started(const Facts& job, Token token, int attempt, std::string_view locked_by);
  bool record_progress(std::string_view id, Token token, std::string_view progress_json);
  bool record_done(std::string_view id, Token token, std::string_view result_json);
  /// The attempt failed, the job runs again at `run_at`.
  bool record_failed(const Facts& job, Token token, int attempt, std::string_view error,
                     WallTime run_at);
  /// The handler put the job off: no attempt was used up.
  bool record_put_off(std::string_view id, Token token, std::string_view why, WallTime run_at);
  /// Given up. `envelope` is what a retry pushes. The same death again changes nothing (true).
  bool record_dead(const Facts& job, Token token, int attempt, std::string_view error,
                   std::string_view envelope);
  /// A person pushed a dead job again: state pushed. Attempts and tokens go on rising from where
  /// they were, so `max_attempts` is the new limit. False: that death is over (the job may have
  /// run, and even died again, meanwhile).
  bool record_retried(const Job& dead, int max_attempts);
  /// False: no such job, or it has ended.
  bool record_cancelled(std::string_view id);
  /// Removes the row of a job that has ended. False: none.
  bool remove(std::string_view id);

  [[nodiscard]] std::optional<Job> find(std::string_view id);
  [[nodiscard]] std::vector<Job> list(const Filter& filter);
  [[nodiscard]] std::uint64_t count(State state);
  [[nodiscard]] std::uint64_t count(const Filter& filter);  ///< without its limit
  /// How many rows of the batch are in which state. Jobs that are not tracked have a row only when
  /// they failed.
  [[nodiscard]] std::map<State, std::uint64_t> count_batch(std::string_view batch);

 private:
  struct Failure;
  bool record_failure(const Facts& job, Token token, const Failure& failure);
  std::uint64_t insert_if_new(const Facts& job);

  db::Connection& connection_;
  const Clock& clock_;
};

}  // namespace daemonz::job_table
