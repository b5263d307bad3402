// An engine of the contract suite: the real thing, started on a folder of its own, that can be
// killed and started again. One per kind of broker; contract_test.cc runs against each.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "broker/broker.h"
#include "support/temp_dir.h"

namespace daemonz::tests {

/// Running from its making to its end. Threads: one.
class Engine {
 public:
  virtual ~Engine() = default;
  [[nodiscard]] virtual std::string url() const = 0;
  virtual void kill() = 0;   ///< SIGKILL: no farewell
  virtual void start() = 0;  ///< after kill(): the same data; returns when it serves
  [[nodiscard]] std::unique_ptr<broker::Broker> connect() const {
    return broker::connect({.url = url()});
  }
};

/// daemonz-queue on a unix socket.
class MemcacheEngine final : public Engine {
 public:
  MemcacheEngine() {
    // A configuration of its own: the stock one of this source tree is not meant.
    std::ofstream(folder_ / "daemonz.yml") << "environment: test\n";
    start();
  }
  ~MemcacheEngine() override { kill(); }
  [[nodiscard]] std::string url() const override {
    return "memcache+unix://" + (folder_ / "q.sock");
  }

  void kill() override {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  void start() override {
    const std::string program = std::string(DAEMONZ_BIN_DIR) + "/daemonz-queue";
    std::vector<std::string> words = {program,
                                      "--listen",
                                      "127.0.0.1:0",
                                      "--unix",
                                      folder_ / "q.sock",
                                      "--dir",
                                      folder_ / "data",
                                      "--config",
                                      folder_ / "daemonz.yml",
                                      "--log-level",
                                      "error"};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    if (const int code =
            ::posix_spawn(&pid_, program.c_str(), nullptr, nullptr, argv.data(), environ))
      throw_errno("cannot start", program, "Build daemonz-queue first", code);
    wait_until_it_serves();
  }

 private:
  void wait_until_it_serves() {
    const auto deadline = real_clock().steady() + std::chrono::seconds(10);
    while (real_clock().steady() < deadline) {
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_) break;
      try {
        (void)connect()->queues();
        return;
      } catch (const Error&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    }
    throw std::runtime_error("daemonz-queue does not serve");
  }

  TempDir folder_;
  pid_t pid_ = -1;
};

}  // namespace daemonz::tests
