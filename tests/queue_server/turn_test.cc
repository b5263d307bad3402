// The server's loop in this process, over a disk and a clock that the test holds in hand.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "queue/open_store.h"
#include "queue_server/client.h"
#include "queue_server/server.h"
#include "support/faulty_disk.h"
#include "support/temp_dir.h"

using namespace daemonz;

namespace {

/// Announces a commit when it is asked for the time once more: that is when a turn begins.
class AnnouncingClock final : public Clock {
 public:
  SteadyTime steady() const override {
    if (auto* server = server_.exchange(nullptr)) server->store_committed();
    return real_clock().steady();
  }
  WallTime wall() const override { return real_clock().wall(); }
  void announce_once(queue_server::Server* server) { server_ = server; }

 private:
  mutable std::atomic<queue_server::Server*> server_ = nullptr;
};

/// A server on a thread of its own.
class Loop {
 public:
  ~Loop() {
    clock_.announce_once(nullptr);
    server_.stop();
    thread_.join();
    store_.reset();  // its last commit is announced to the server, too
  }
  [[nodiscard]] tests::Client connect() const { return tests::Client(path_); }
  [[nodiscard]] tests::FaultyDisk& disk() { return disk_; }

  /// A commit is announced before the next turn, so that one within it gets no announcement.
  void announce_before_turn() { clock_.announce_once(&server_); }

 private:
  tests::TempDir folder_;
  const std::string path_ = folder_ / "q.sock";
  tests::FaultyDisk disk_;
  AnnouncingClock clock_;
  std::atomic<queue_server::Server*> committed_ = nullptr;
  std::unique_ptr<queue::Store> store_ =
      queue::open_store({.journal = {.folder = "/data",
                                     .memory = kibibytes(64),
                                     .disk = &disk_,
                                     .on_commit =
                                         [this] {
                                           if (auto* server = committed_.load())
                                             server->store_committed();
                                         }},
                         .queues = {}},
                        clock_);
  queue_server::Server server_{*store_, clock_, {.listen = {}, .unix_path = path_}};
  std::thread thread_{[this] {
    committed_ = &server_;
    server_.run();
  }};
};

std::string large_put() {  // written in the middle of its turn: it does not fit the memory
  constexpr std::size_t size = 40'000;
  return "set q 0 0 " + std::to_string(size) + "\r\n" + std::string(size, 'x') + "\r\n";
}

}  // namespace

TEST_CASE("queue_server: an answer is sent though its commit is announced before its turn ends") {
  Loop loop;
  auto client = loop.connect();
  CHECK(client.ask("version\r\n") == "VERSION 1.6.0\r\n");
  loop.announce_before_turn();
  SUBCASE("the disk took it") { CHECK(client.ask(large_put()) == "STORED\r\n"); }
  SUBCASE("the disk failed") {
    loop.disk().fail_writes(EIO);
    CHECK(client.ask(large_put()) == "SERVER_ERROR storage failed\r\n");
  }
}
