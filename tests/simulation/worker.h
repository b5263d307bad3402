// A processor's loop as delivery.md tells it: pop, look at the fence, handler with effects behind
// the fence, settle, and a heartbeat beside it. What becomes of an outcome is decided by the real
// processor::decide, and the keys on the wire are the real broker's; threads, sockets and SQL are
// not here. It crashes, hangs and is told to stop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "processor/settlement.h"
#include "simulation/world.h"

namespace daemonz::simulation {

/// Threads: one.
class Worker {
 public:
  explicit Worker(World& world) : world_(world), caller_(world), heartbeat_(world) {}
  void step();
  [[nodiscard]] bool is_idle() const { return state_ == State::idle && !ack_; }
  void crash();
  void hang() { is_hanging_ = true; }
  void go_on() { is_hanging_ = false; }
  /// It is handed back what comes now, unworked; then it starts anew.
  void stop() { is_stopping_ = state_ == State::popping; }

 private:
  enum class State { idle, popping, looking, working, committing, fencing, settling };

  void pop();
  void take(const Answer& answer);
  void look();
  void work();
  void commit();
  void fence();
  void begin_settling(const offline_tasks::Outcome& outcome);
  void begin_giving_back(Settle how, Milliseconds delay);
  void ask_settling();
  void conclude(const Answer& answer);
  void beat();
  [[nodiscard]] offline_tasks::Outcome outcome() const;
  [[nodiscard]] std::uint64_t token() const;

  World& world_;
  Caller caller_, heartbeat_;
  State state_ = State::idle;
  bool is_hanging_ = false, is_stopping_ = false;
  broker::Lease lease_{.queue = QueueName("none")};
  offline_tasks::Envelope job_;
  std::optional<broker::Lease> ack_;  ///< rides on the next pop
  bool was_ack_lost_ = false;
  std::unique_ptr<Transaction> transaction_;
  // the settlement under way
  Settle how_ = Settle::ack;
  std::string command_, successor_;
  bool was_lost_ = false, is_early_ = false;
  bool is_lease_lost_ = false;  ///< the heartbeat was told
  SteadyTime touched_{};
};

}  // namespace daemonz::simulation
