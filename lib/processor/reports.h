// What a processor writes into the job table. Jobs tracked `all` have a row from the start on; the
// others only once something went wrong, so that a job that just works costs no database write.
// Follows jobs.md, "The job table and lib/db".
#pragma once

#include <optional>
#include <string>

#include "db/pool.h"
#include "job_table/table.h"
#include "offline_tasks/context.h"
#include "offline_tasks/envelope.h"
#include "processor/settlement.h"

namespace daemonz::processor {

[[nodiscard]] inline job_table::Token table_token(offline_tasks::Token token) {
  return static_cast<job_table::Token>(token.value);
}

/// Threads: any. Without a pool every call does nothing.
class Reports {
 public:
  Reports(db::Pool* pool, std::string locked_by, const Clock& clock)
      : pool_(pool), locked_by_(std::move(locked_by)), clock_(clock) {}

  enum class Start {
    go,
    over,  ///< done or cancelled before: acknowledge without running
    lost   ///< another delivery has a higher token
  };
  [[nodiscard]] Start started(const offline_tasks::Envelope& job, offline_tasks::Token token);
  /// False: somebody with a higher token has the job.
  [[nodiscard]] bool done(const offline_tasks::Envelope& job, offline_tasks::Token token,
                          const json::value& result);
  /// The handler of an untracked job made effects in the database and is done: a second delivery is
  /// to be acknowledged without running.
  void fence_done(const offline_tasks::Envelope& job, offline_tasks::Token token);
  /// After the broker took the successor. A database that is away is logged: the job's errors
  /// travel in its envelope too.
  void settled(const offline_tasks::Envelope& job, offline_tasks::Token token,
               const Settlement& settlement);
  void progress(const offline_tasks::Envelope& job, offline_tasks::Token token,
                const offline_tasks::Progress& progress);
  void pushed(const offline_tasks::Envelope& job);
  void not_pushed(const offline_tasks::Envelope& job);

  // Checkpoints, of tracked and other jobs alike. Both throw Superseded when a delivery with a
  // higher token has claimed it. Without a database nobody reads what a write leaves.
  [[nodiscard]] std::optional<json::value> read_checkpoint(const offline_tasks::Envelope& job,
                                                           offline_tasks::Token token);
  void write_checkpoint(const offline_tasks::Envelope& job, offline_tasks::Token token,
                        const json::value& state);
  void remove_checkpoint(const offline_tasks::Envelope& job);

  [[nodiscard]] bool has_database() const { return pool_ != nullptr; }

 private:
  [[nodiscard]] bool is_tracked(const offline_tasks::Envelope& job) const;

  db::Pool* pool_;
  std::string locked_by_;
  const Clock& clock_;
};

}  // namespace daemonz::processor
