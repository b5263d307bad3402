// Moves the bytes of one socket to its session and back. Private to the room.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>

#include <functional>
#include <memory>
#include <span>

#include "queue_server/session.h"

namespace daemonz::queue_server {

using Socket = boost::asio::generic::stream_protocol::socket;

class Connection;

/// What a connection needs from its server. Threads: one.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  /// One buffer for all connections: an idle one has none.
  [[nodiscard]] virtual std::span<char> read_buffer() = 0;
  [[nodiscard]] virtual bool is_stopping() const = 0;  ///< nothing more is read
  virtual void begin_turn() = 0;
  virtual void has_output(Connection& connection) = 0;  ///< call send() when the turn ends
  virtual void is_closed(Connection& connection) = 0;   ///< destroys it, not at once
  /// Checks a password beside the loop, then calls `done` on it.
  virtual void authenticate(std::string name, std::string password,
                            std::function<void(bool is_user)> done) = 0;
};

/// Owns the socket and the session. Shared, since a callback may still be on its way when the
/// server wants to close: it holds a weak reference. Threads: one.
class Connection final : public Peer, public std::enable_shared_from_this<Connection> {
 public:
  Connection(ConnectionOwner& owner, Hub& hub, Socket socket, queue::ConnectionId id,
             Access access);

  void start();
  void send();   ///< as much as the socket takes
  void close();  ///< the session and its open items end here
  [[nodiscard]] Session& session() { return *session_; }
  [[nodiscard]] bool is_open() const { return session_ != nullptr; }

  bool is_listed = false;  ///< in the owner's list of connections with output

 private:
  bool is_gone() override;
  void has_output() override { owner_.has_output(*this); }
  void authenticate(std::string name, std::string password) override;

  void await_input();
  void on_input();
  void await_room();
  void fail();

  ConnectionOwner& owner_;
  Socket socket_;
  std::unique_ptr<Session> session_;
  bool is_awaiting_input_ = false, is_awaiting_room_ = false, has_ended_ = false;
};

}  // namespace daemonz::queue_server
