#include "supervisor/probe.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/unique_fd.h"
#include "base/units.h"

namespace daemonz::supervisor {
namespace {

// A daemon that comes up quickly is seen quickly; a slow one is not bothered.
constexpr Milliseconds first_pause(5);
constexpr Milliseconds longest_pause(200);
constexpr Seconds attempt_time(2);  // a host that swallows packets must not hold the probe

constexpr std::string_view question = "version\r\n";
constexpr std::string_view answer = "VERSION ";

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Address unix_address(const std::string& path) {
  Address address;
  sockaddr_un socket{};
  socket.sun_family = AF_UNIX;
  if (path.size() >= sizeof socket.sun_path) return address;
  std::memcpy(socket.sun_path, path.data(), path.size());
  std::memcpy(&address.storage, &socket, sizeof socket);
  address.size = sizeof socket;
  return address;
}

Address tcp_address(const std::string& host, int port) {
  Address address;
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found) != 0)
    return address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  ::freeaddrinfo(found);
  return address;
}

}  // namespace

struct Probe::Parts {
  Loop& loop;
  config::Ready ready;
  std::function<void()> succeeded;
  Milliseconds pause = first_pause;
  UniqueFd socket;
  Loop::Watch answer_watch, pause_watch;  // after the socket: they end before it is closed

  void attempt() {
    const auto address = ready.kind == config::Ready::Kind::unix_socket
                             ? unix_address(ready.target)
                             : tcp_address(ready.host, ready.port);
    if (address.size == 0) return try_later();
    socket.reset(
        ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto* to = reinterpret_cast<const sockaddr*>(&address.storage);
    if (::connect(socket.get(), to, address.size) != 0 && errno != EINPROGRESS) return try_later();
    answer_watch = loop.when_writable(socket.get(), [this] { connected(); });
    pause_watch = loop.at(real_clock().steady() + attempt_time, [this] { try_later(); });
  }

  void connected() {
    int code = 0;
    socklen_t size = sizeof code;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0 || code != 0)
      return try_later();
    if (ready.kind != config::Ready::Kind::memcache) return say_yes();
    if (::send(socket.get(), question.data(), question.size(), MSG_NOSIGNAL) < 0)
      return try_later();
    answer_watch = loop.when_readable(socket.get(), [this] { answered(); });
  }

  void answered() {
    char text[64];
    const auto size = ::recv(socket.get(), text, sizeof text, 0);
    if (size > 0 && std::string_view(text, static_cast<std::size_t>(size)).starts_with(answer))
      return say_yes();
    try_later();
  }

  void say_yes() {
    answer_watch.cancel();
    pause_watch.cancel();
    socket.reset();
    // Copied: the owner may end this probe in the call.
    const auto call = succeeded;
    call();
  }

  void try_later() {
    answer_watch.cancel();
    socket.reset();
    pause_watch = loop.at(real_clock().steady() + pause, [this] { attempt(); });
    pause = std::min(pause * 2, longest_pause);
  }
};

Probe::Probe(Loop& loop, const config::Ready& ready, std::function<void()> succeeded)
    : parts_(new Parts{.loop = loop, .ready = ready, .succeeded = std::move(succeeded)}) {
  parts_->attempt();
}

Probe::~Probe() = default;

}  // namespace daemonz::supervisor
