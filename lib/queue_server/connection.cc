#include "queue_server/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace daemonz::queue_server {

Connection::Connection(ConnectionOwner& owner, Hub& hub, Socket socket, queue::ConnectionId id,
                       Access access)
    : owner_(owner),
      socket_(std::move(socket)),
      session_(std::make_unique<Session>(hub, *this, id, access)) {}

void Connection::start() { await_input(); }

void Connection::close() {
  if (!is_open()) return;
  session_.reset();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void Connection::fail() {
  owner_.begin_turn();  // what comes back is served and written in this turn
  close();
  owner_.is_closed(*this);
}

bool Connection::is_gone() {
  pollfd peer{.fd = socket_.native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&peer, 1, 0) > 0 && (peer.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void Connection::authenticate(std::string name, std::string password) {
  owner_.authenticate(std::move(name), std::move(password),
                      [self = weak_from_this()](bool is_user) {
                        const auto alive = self.lock();
                        if (!alive || !alive->is_open()) return;
                        alive->owner_.begin_turn();
                        alive->session_->authenticated(is_user);
                        alive->owner_.has_output(*alive);
                      });
}

void Connection::await_input() {
  if (is_awaiting_input_ || has_ended_ || !session_->wants_input()) return;
  is_awaiting_input_ = true;
  socket_.async_wait(Socket::wait_read, [self = weak_from_this()](boost::system::error_code code) {
    const auto alive = self.lock();
    if (!alive || !alive->is_open()) return;
    alive->is_awaiting_input_ = false;
    if (code) return alive->fail();
    alive->on_input();
  });
}

void Connection::on_input() {
  if (owner_.is_stopping()) return;
  const auto buffer = owner_.read_buffer();
  const ssize_t got = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return await_input();
  if (got < 0) return fail();
  owner_.begin_turn();
  if (got == 0) {
    has_ended_ = true;
    session_->end_of_input();
  } else {
    session_->receive({buffer.data(), static_cast<std::size_t>(got)});
  }
  owner_.has_output(*this);  // also to close, or to read on
}

void Connection::send() {
  const bool had_output = !session_->output().empty();
  if (session_->has_ended_wait() && is_gone()) return fail();  // it went since the item was taken
  while (!session_->output().empty()) {
    const auto output = session_->output();
    const ssize_t took =
        ::send(socket_.native_handle(), output.data(), output.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (took < 0 && errno == EINTR) continue;
    if (took < 0 && errno == EAGAIN) return await_room();
    if (took < 0) return fail();
    session_->sent(static_cast<std::size_t>(took));
  }
  if (session_->is_over()) {
    owner_.begin_turn();  // its open items come back
    close();
    return owner_.is_closed(*this);
  }
  if (had_output && session_->has_unrun_input()) {  // it may have been stopped by unread output
    owner_.begin_turn();
    session_->go_on();
    owner_.has_output(*this);
  }
  await_input();
}

void Connection::await_room() {
  if (is_awaiting_room_) return;
  is_awaiting_room_ = true;
  socket_.async_wait(Socket::wait_write, [self = weak_from_this()](boost::system::error_code code) {
    const auto alive = self.lock();
    if (!alive || !alive->is_open()) return;
    alive->is_awaiting_room_ = false;
    if (code) return alive->fail();
    alive->owner_.begin_turn();
    alive->owner_.has_output(*alive);
  });
}

}  // namespace daemonz::queue_server
