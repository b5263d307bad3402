// The push connections of a process: one for each push that is under way, kept for the next. Not
// for pops: those have connections of their own (jobs.md, "Three kinds of connection").
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "broker/broker.h"

namespace daemonz::offline_tasks {

/// Threads: any. A forked child begins with an empty pool: what it inherited is the parent's.
class BrokerPool {
 public:
  explicit BrokerPool(broker::Options options) : options_(std::move(options)), idle_(new Idle) {}
  ~BrokerPool();
  BrokerPool(const BrokerPool&) = delete;
  BrokerPool& operator=(const BrokerPool&) = delete;

  /// A connection on loan until this ends. Threads: one.
  class Taken {
   public:
    explicit Taken(BrokerPool& pool) : pool_(pool), broker_(pool.take()) {}
    ~Taken() { pool_.give_back(std::move(broker_)); }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;
    broker::Broker& operator*() const { return *broker_; }

   private:
    BrokerPool& pool_;
    std::unique_ptr<broker::Broker> broker_;
  };

 private:
  struct Idle {
    const pid_t pid = ::getpid();
    std::mutex mutex;
    std::vector<std::unique_ptr<broker::Broker>> brokers;
  };
  Idle& idle();
  std::unique_ptr<broker::Broker> take();
  void give_back(std::unique_ptr<broker::Broker> broker);

  const broker::Options options_;
  std::atomic<Idle*> idle_;  // owned; left alone in a forked child, where its mutex may be locked
};

}  // namespace daemonz::offline_tasks
