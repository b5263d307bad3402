// What all sessions of one server share: the store, the waiting gets and the counters. Pure: no
// sockets; tests drive it with bytes and a manual clock.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "queue/store.h"

namespace daemonz::queue_server {

class Session;

/// Counters of `stats`, since the start or the last `stats reset`.
struct Counters {
  std::uint64_t gets = 0, sets = 0, peeks = 0, hits = 0, misses = 0;
  std::uint64_t bytes_read = 0, bytes_written = 0;
  std::uint64_t connections_now = 0, connections_total = 0;
};

/// Gets that wait, each for several queues: who came first is served first. Threads: one.
class Waiters {
 public:
  void add(Session& session, const std::vector<QueueName>& queues,
           std::optional<SteadyTime> deadline);
  void remove(Session& session);
  struct Next {
    Session* session = nullptr;  ///< nullptr: no further one
    std::uint64_t ticket = 0;
  };
  /// In order of arrival: the first one after `ticket` (0: of all).
  [[nodiscard]] Next after(std::uint64_t ticket, const std::string& queue) const;
  [[nodiscard]] std::uint64_t count(const std::string& queue) const;
  [[nodiscard]] std::optional<SteadyTime> next_deadline() const;
  [[nodiscard]] Session* first_due(SteadyTime now) const;

 private:
  struct Waiter {
    std::uint64_t ticket;
    std::optional<SteadyTime> deadline;
    std::vector<std::string> queues;
  };
  std::uint64_t last_ticket_ = 0;
  std::map<Session*, Waiter> waiters_;
  std::map<std::string, std::map<std::uint64_t, Session*>> by_queue_;
  std::set<std::pair<SteadyTime, Session*>> deadlines_;
};

struct HubOptions {
  bool allow_flush_all = false;
  std::size_t memory_limit = 0;  ///< shown as limit_maxbytes
};

/// Threads: one.
class Hub {
 public:
  Hub(queue::Store& the_store, const Clock& the_clock, HubOptions the_options)
      : store(the_store), clock(the_clock), options(the_options), started(clock.steady()) {}

  queue::Store& store;
  const Clock& clock;
  const HubOptions options;
  const SteadyTime started;
  Waiters waiters;
  Counters counters;
  bool is_read_only = false;        ///< a turn has ended with a failed store: it refuses everything
  std::vector<Session*> unwritten;  ///< have output that rests on records of this turn
  /// The server ends, not the clients: their leases are kept for its next start, as after a crash.
  bool is_stopping = false;

  /// Starts a turn: due delays and lapsed leases take effect.
  void begin_turn();
  /// Ends it: waiting gets are served, and what was appended is written. After this the sessions'
  /// output may be sent; what rests on records that a failing disk did not take is taken back.
  void end_turn();
  /// All queues are emptied then; a later call sets another time. A restart forgets it.
  void flush_all_at(SteadyTime due) { flush_due_ = due; }
  /// When a turn is needed although nobody sent anything.
  [[nodiscard]] std::optional<SteadyTime> next_deadline() const;

 private:
  void serve_waiters();

  std::optional<SteadyTime> flush_due_;
};

}  // namespace daemonz::queue_server
