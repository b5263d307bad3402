// An engine of the broker's contract suite: the real thing, on a folder of its own, that can be
// killed and started again. One class per kind of broker; tests/broker/contract_test.cc runs on it.
#pragma once

#include <memory>
#include <string>

#include "broker/broker.h"
#include "support/running_server.h"

namespace daemonz::tests {

/// Running from its making to its end. Threads: one.
class Engine {
 public:
  virtual ~Engine() = default;
  [[nodiscard]] virtual std::string url() const = 0;  ///< the same after a restart
  virtual void kill() = 0;                            ///< SIGKILL: no farewell
  virtual void start() = 0;  ///< after kill(): the same data; returns when it serves
  [[nodiscard]] std::unique_ptr<broker::Broker> connect() const {
    return broker::connect({.url = url()});
  }
};

/// daemonz-queue on a unix socket.
class MemcacheEngine final : public Engine {
 public:
  [[nodiscard]] std::string url() const override { return server_.unix_url(); }
  void kill() override { server_.kill_now(); }
  void start() override { server_.start(); }

 private:
  RunningServer server_;
};

}  // namespace daemonz::tests
