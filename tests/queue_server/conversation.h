// Clients that talk to the real sessions over a real store, without sockets and with a clock that
// the test moves.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "queue/open_store.h"
#include "queue_server/hub.h"
#include "queue_server/session.h"
#include "support/faulty_disk.h"
#include "support/manual_clock.h"

namespace daemonz::tests {

/// One server with named clients. Threads: one.
class Conversation {
 public:
  explicit Conversation(queue_server::HubOptions hub_options = {},
                        queue::QueueOptions defaults = {})
      : hub_options_(hub_options), defaults_(std::move(defaults)) {
    open();
  }
  ~Conversation() { clients_.clear(); }

  /// `client` sends bytes; afterwards output() has what it got.
  void send(const std::string& client, std::string_view bytes) {
    hub_->begin_turn();
    session(client).receive(bytes);
    end_turn();
  }
  /// What `client` got since the last call.
  std::string output(const std::string& client) {
    session(client);
    return std::exchange(clients_.at(client)->received, {});
  }
  std::string ask(const std::string& client, std::string_view bytes) {
    send(client, bytes);
    return output(client);
  }
  /// The client's end is closed, by it.
  void leave(const std::string& client) {
    hub_->begin_turn();
    clients_.erase(client);
    end_turn();
  }
  /// It sends nothing more, but reads.
  void half_close(const std::string& client) {
    hub_->begin_turn();
    clients_.at(client)->is_half_closed = true;
    session(client).end_of_input();
    end_turn();
  }
  /// It went, and its server has not read that yet.
  void vanish(const std::string& client) {
    session(client);
    clients_.at(client)->is_half_closed = true;
  }
  /// From now on its output piles up.
  void stop_reading(const std::string& client) {
    session(client);
    clients_.at(client)->reads = false;
  }
  bool is_over(const std::string& client) { return session(client).is_over(); }

  void pass(Milliseconds time) {
    clock.advance(time);
    hub_->begin_turn();
    end_turn();
  }
  /// kill -9 of the server: all connections are gone, the data is as written.
  void restart() {
    const auto image = disk->as_written();  // before anything is tidied up
    clients_.clear();
    hub_.reset();
    store.reset();
    disk = std::make_unique<FaultyDisk>(image);
    open();
  }
  queue_server::Session& session(const std::string& name) {
    auto& client = clients_[name];
    if (!client) {
      client = std::make_unique<Client>();
      client->session = std::make_unique<queue_server::Session>(
          *hub_, *client, ++last_connection_,
          name.starts_with("STRANGER") ? queue_server::Access::by_password
                                       : queue_server::Access::open);
    }
    return *client->session;
  }

  ManualClock clock;
  std::unique_ptr<FaultyDisk> disk = std::make_unique<FaultyDisk>();

 private:
  struct Client final : queue_server::Peer {
    bool is_gone() override { return is_half_closed; }
    void has_output() override {}
    void authenticate(std::string name, std::string password) override {
      is_user = name == "ada" && password == "open sesame";
    }
    void finish_authentication() {
      if (const auto answer = std::exchange(is_user, std::nullopt)) session->authenticated(*answer);
    }
    std::optional<bool> is_user;
    std::unique_ptr<queue_server::Session> session;
    std::string received;
    bool is_half_closed = false, reads = true;
  };

  void open() {
    store = queue::open_store({.journal = {.folder = "/data",
                                           .memory = mebibytes(1),
                                           .disk = disk.get(),
                                           .on_commit =
                                               [this] {
                                                 const std::lock_guard lock(mutex_);
                                                 committed_.notify_all();
                                               }},
                               .queues = {.defaults = defaults_, .queues = {}}},
                              clock);
    hub_ = std::make_unique<queue_server::Hub>(*store, clock, hub_options_);
  }

  void end_turn() {
    for (auto& [name, client] : clients_) client->finish_authentication();
    hub_->end_turn();
    for (bool is_holding = true; is_holding;) {
      is_holding = false;
      for (auto& [name, client] : clients_) {
        client->session->release_durable();
        is_holding = is_holding || client->session->is_holding();
        read(*client);
      }
      if (is_holding) await_commit();
    }
  }
  void await_commit() {
    std::unique_lock lock(mutex_);
    const bool came = committed_.wait_for(lock, std::chrono::seconds(10), [this] {
      return store->durable() >= store->appended() || store->is_failed();
    });
    if (!came) throw std::runtime_error("the commit thread did not sync within 10 s");
  }
  void read(Client& client) {
    while (client.reads && !client.session->output().empty()) {
      const auto size = client.session->output().size();
      client.received += client.session->output();
      client.session->sent(size);
      client.session->go_on();
    }
  }

  queue_server::HubOptions hub_options_;
  queue::QueueOptions defaults_;
  std::mutex mutex_;
  std::condition_variable committed_;

 public:
  std::unique_ptr<queue::Store> store;

 private:
  std::unique_ptr<queue_server::Hub> hub_;
  std::map<std::string, std::unique_ptr<Client>> clients_;
  queue::ConnectionId last_connection_ = 0;
};

}  // namespace daemonz::tests
