// Keeps the leases of running jobs: touches all of them from a thread and a connection of its own,
// and learns which were lost (lapsed, cancelled, taken away). Follows jobs.md, "Three kinds of
// connection", and delivery.md, points 12 and 13.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "broker/broker.h"
#include "processor/options.h"

namespace daemonz::processor {

/// Owns its thread and connection, both made at the first hold(). Threads: any.
class Heartbeat {
 public:
  struct Options {
    Milliseconds lease, every;
    std::function<std::unique_ptr<broker::Broker>()> connect;
  };

  explicit Heartbeat(Options options) : options_(std::move(options)) {}
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  void hold(const broker::Lease& lease);
  void drop(const broker::Lease& lease);
  /// True: the engine said that the lease is gone. Asked about one that is not held: false.
  [[nodiscard]] bool is_lost(const broker::Lease& lease) const;
  /// False: it is lost. Asks the engine when nobody has heard of it for the time of a lease: a
  /// process that was stopped learns so, before it has an effect, what happened meanwhile.
  [[nodiscard]] bool confirm(const broker::Lease& lease);
  /// Gives every held lease back, uncounted. How many were still ours.
  int release_all();
  [[nodiscard]] std::size_t held_count() const;

 private:
  using Key = std::pair<QueueName, std::uint64_t>;
  struct Held {
    broker::Lease lease;  // without its body
    bool is_lost = false;
    SteadyTime sure_at{};  // the engine said then that it is ours
  };

  void beat_until_stopped();
  [[nodiscard]] bool touch_all();  // false: the engine did not answer
  [[nodiscard]] broker::Settled touch(const broker::Lease& lease);  // under connection_guard_
  [[nodiscard]] std::vector<broker::Lease> held() const;

  Options options_;
  mutable std::mutex guard_;
  std::condition_variable changed_;
  std::map<Key, Held> held_;
  bool is_stopped_ = false;
  std::mutex connection_guard_;
  std::unique_ptr<broker::Broker> connection_;
  std::thread thread_;
};

}  // namespace daemonz::processor
