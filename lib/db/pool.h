// Connections to one database, shared by the threads of a process: at most `limit` of them, each
// asked before its use whether it still lives. Not a cache of results. Follows jobs.md, "The job
// table and lib/db", and sandbox.md on forked children.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <string>

#include "db/connection.h"

namespace daemonz::db {

struct PoolOptions {
  std::string url;                         ///< as db::connect takes it
  std::size_t limit = 4;                   ///< open connections at most
  Milliseconds wait_max{5'000};            ///< take() waits so long for one that is free and there
  Milliseconds busy_wait = db::busy_wait;  ///< a statement waits so long for a lock
};

/// Opens connections when they are first wanted. Threads: any. In a forked child the inherited
/// connections are forgotten at the first use (see Connection::detach): nothing is written to them,
/// and the parent keeps them.
///
///     db::Pool pool({.url = "sqlite:tmp/daemonz/daemonz.db", .limit = 2});
///     pool.take()->execute("UPDATE ...");
class Pool {
 public:
  /// One connection on loan; it goes back when this ends. A connection that was lost or is in the
  /// middle of a transaction is closed instead. Move-only. Threads: one. Must not outlive its Pool.
  class Taken {
   public:
    Taken(Pool& pool, std::size_t seat, pid_t pid) : pool_(&pool), seat_(seat), pid_(pid) {}
    Taken(Taken&& other) noexcept;
    Taken& operator=(Taken&&) = delete;
    ~Taken();
    Connection& operator*() const;
    Connection* operator->() const { return &**this; }

   private:
    Pool* pool_;
    std::size_t seat_;
    pid_t pid_;
  };

  explicit Pool(PoolOptions options);
  /// All connections must have come back.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// A verified connection. Waits while all are out, or the database is away; throws Error when
  /// none came back within wait_max, DatabaseError when the database cannot be reached.
  [[nodiscard]] Taken take();

  /// For a child that was forked and goes on without exec: forgets what was inherited now. take()
  /// does the same by itself.
  void detach_if_forked() noexcept;

  [[nodiscard]] std::size_t open_count() const;  ///< connections that exist now, idle or taken
  [[nodiscard]] const PoolOptions& options() const noexcept { return options_; }

 private:
  struct State;
  State& state();
  void give_back(std::size_t seat, pid_t pid) noexcept;

  PoolOptions options_;
  std::atomic<State*> state_;  // owned; leaked in a forked child, where its mutex may be locked
};

}  // namespace daemonz::db
