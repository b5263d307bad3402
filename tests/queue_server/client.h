// A blocking client of a queue server, for tests that send bytes.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "support/running_server.h"

namespace daemonz::tests {

/// A blocking connection to a server. Throws when it breaks.
class Client {
 public:
  explicit Client(const RunningServer& server)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(server.port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  explicit Client(const std::string& unix_path)
      : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, unix_path.c_str(), sizeof address.sun_path - 1);
    connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error("the connection broke");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// Reads until what came ends with `end`.
  std::string read_to(std::string_view end) {
    std::string got;
    while (!got.ends_with(end)) {
      pollfd event{fd_.get(), POLLIN, 0};
      char buffer[65536];
      if (::poll(&event, 1, answer_timeout_ms) <= 0) throw std::runtime_error("no answer: " + got);
      const ssize_t size = ::recv(fd_.get(), buffer, sizeof buffer, 0);
      if (size <= 0) throw std::runtime_error("the connection broke");
      got.append(buffer, static_cast<std::size_t>(size));
    }
    return got;
  }
  std::string ask(std::string_view command, std::string_view end = "\r\n") {
    send(command);
    return read_to(end);
  }
  void half_close() { ::shutdown(fd_.get(), SHUT_WR); }
  int fd() const { return fd_.get(); }

 private:
  static constexpr int answer_timeout_ms = 20'000;

  void connect(const sockaddr* address, socklen_t size) {
    if (::connect(fd_.get(), address, size) < 0) throw std::runtime_error("cannot connect");
  }
  UniqueFd fd_;
};

}  // namespace daemonz::tests
