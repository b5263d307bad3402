// One thread's way through its jobs: pop, verify, perform, settle, over one connection that holds
// the leases. Of this room only; Processor owns the lanes. Follows jobs.md, "The processor".
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "broker/broker.h"
#include "processor/attempt.h"
#include "processor/processor.h"
#include "processor/workshop.h"

namespace daemonz::processor {

/// Threads: one, but for interrupt_pop(), overdue() and settle_overdue().
class Lane {
 public:
  Lane(Workshop& workshop, const offline_tasks::Services* services, std::size_t index)
      : workshop_(workshop),
        services_(services),
        index_(index),
        connection_(workshop.connect_broker()) {}

  /// Until the workshop stops.
  void work();
  /// Ends a pop that waits. Does nothing while a job is in hand: closing the connection would give
  /// that away. Threads: any.
  void interrupt_pop() noexcept;

  /// The job whose handler goes on although its time limit and overdue_grace are over.
  [[nodiscard]] std::optional<Reserved> overdue(SteadyTime now);
  /// Fails it through another connection; what its handler still says is then refused.
  bool settle_overdue(const Reserved& reserved, broker::Broker& connection);

  [[nodiscard]] std::optional<Reserved> reserve(Milliseconds wait);
  [[nodiscard]] offline_tasks::Outcome perform(const Reserved& reserved);
  bool settle(const Reserved& reserved, const offline_tasks::Outcome& outcome);
  /// perform and settle; an attempt whose lease was lost is dropped. Never throws for what a job
  /// does. Throws Error when the database is away: the job is handed back then. With `next` an ack
  /// is left there for the next pop to carry.
  void handle(const Reserved& reserved, std::optional<broker::Lease>* next, Counts& counts);

 private:
  void work_once(std::optional<broker::Lease>& ack);
  [[nodiscard]] std::optional<Reserved> pop(Milliseconds wait, std::optional<broker::Lease>& ack);
  [[nodiscard]] broker::Popped pop_interruptibly(const broker::PopRequest& request);
  [[nodiscard]] Reserved unpack(broker::Lease lease);
  [[nodiscard]] offline_tasks::Outcome run_handler(const Reserved& reserved);
  /// False: the row is somebody else's. A result that cannot be stored makes the outcome a Fail.
  [[nodiscard]] bool store_done(const Reserved& reserved, offline_tasks::Outcome& outcome);
  template <class Operation>
  [[nodiscard]] broker::Settled insist(const broker::Lease& lease, const Operation& operation);
  void give_back(const broker::Lease& lease, broker::Broker::Release how, Milliseconds delay);
  [[nodiscard]] Settlement decided(const Reserved& reserved, const offline_tasks::Outcome& outcome);
  bool carry_out(const Reserved& reserved, const offline_tasks::Outcome& outcome);
  bool carry_out(const Reserved& reserved, const Settlement& settlement,
                 broker::Broker& connection);

  struct Running {
    const Reserved* reserved;  // on the stack of the lane's thread
    SteadyTime deadline;
  };
  /// Shows the running job to overdue() while it lives.
  class Watched {
   public:
    Watched(Lane& lane, const Reserved& reserved, SteadyTime deadline);
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

   private:
    Lane& lane_;
  };

  Workshop& workshop_;
  const offline_tasks::Services* services_;
  const std::size_t index_;
  std::unique_ptr<broker::Broker> connection_;
  std::mutex guard_;
  bool is_popping_ = false;         // guarded; connection_->interrupt() only while true
  std::optional<Running> running_;  // guarded
  Attempt::Used used_;              // by the current handler
  std::optional<offline_tasks::Refusal> refusal_;  // of the current job
  json::value result_;                             // of the current job, for those who are told
};

}  // namespace daemonz::processor
