#include "supervisor/control.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "base/units.h"

namespace daemonz::supervisor {
namespace {

constexpr std::size_t connections_max = 64;  // people and scripts, not traffic
constexpr int backlog = 64;
constexpr Milliseconds full_pause(100);  // without a free descriptor, before the next look
constexpr std::size_t reply_piece = 65536;
constexpr std::size_t unread_max = 16 << 20;  // a status of 4096 instances is 2 MiB

// unix(7) allows 107 bytes of path. The folder is opened and the short name reached through it, so
// that a deep checkout works too.
struct Address {
  UniqueFd folder;
  sockaddr_un socket{};

  explicit Address(const std::string& path) {
    const std::filesystem::path whole(path);
    folder.reset(::open(whole.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    socket.sun_family = AF_UNIX;
    auto name = path;
    if (name.size() >= sizeof socket.sun_path)
      name = "/proc/self/fd/" + std::to_string(folder.get()) + "/" + whole.filename().string();
    if (name.size() < sizeof socket.sun_path)
      std::memcpy(socket.sun_path, name.data(), name.size());
  }
  [[nodiscard]] const sockaddr* pointer() const {
    return reinterpret_cast<const sockaddr*>(&socket);
  }
};

bool is_allowed(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

}  // namespace

namespace {

// One peer. Shared between the server's set and replies that are still to come.
struct Connection : std::enable_shared_from_this<Connection> {
  Connection(Loop& the_loop, int its_fd) : loop(the_loop), fd(its_fd) {}

  void watch_for_requests() {
    reading = loop.when_readable(fd.get(), [this] { read_some(); });
  }

  void read_some() {
    char piece[4096];
    const auto size = ::recv(fd.get(), piece, sizeof piece, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) return close();
    input.append(piece, static_cast<std::size_t>(size));
    const auto self = shared_from_this();  // a request may close the connection
    for (auto end = input.find('\n'); fd.is_open() && end != std::string::npos;
         end = input.find('\n')) {
      const auto line = input.substr(0, end);
      input.erase(0, end + 1);
      std::weak_ptr<Connection> weak = self;
      handle(line, {.send =
                        [weak](std::string reply) {
                          if (const auto alive = weak.lock()) alive->send(std::move(reply));
                        },
                    .is_open =
                        [weak] {
                          const auto alive = weak.lock();
                          return alive && alive->fd.is_open();
                        }});
    }
    if (input.size() > control_line_max) close();
  }

  void send(std::string line) {
    output += line;
    output += '\n';
    write_some();
    if (output.size() > unread_max) close();  // it asks and never listens
  }

  void write_some() {
    while (fd.is_open() && !output.empty()) {
      const auto size = ::send(fd.get(), output.data(), std::min(output.size(), reply_piece),
                               MSG_DONTWAIT | MSG_NOSIGNAL);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && errno == EAGAIN) {
        if (!is_waiting_to_write) {
          is_waiting_to_write = true;
          // Under a number of its own: epoll takes each but once, and `reading` has the other.
          write_end.reset(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
          writing = loop.when_writable(write_end.get(), [this] { write_some(); });
        }
        return;
      }
      if (size < 0) return close();
      output.erase(0, static_cast<std::size_t>(size));
    }
    is_waiting_to_write = false;
    writing.cancel();
    write_end.reset();
  }

  void close() {
    const auto self = shared_from_this();
    reading.cancel();
    writing.cancel();
    write_end.reset();
    fd.reset();
    closed(self);
  }

  Loop& loop;
  UniqueFd fd, write_end;
  Loop::Watch reading, writing;
  bool is_waiting_to_write = false;
  std::string input, output;
  ControlServer::Handler handle;
  std::function<void(const std::shared_ptr<Connection>&)> closed;
};

}  // namespace

struct ControlServer::Parts {
  Loop& loop;
  std::string path;
  Handler handler;
  UniqueFd listener;
  Loop::Watch accepting, pause;
  std::set<std::shared_ptr<Connection>> connections;

  void accept_all() {
    accepting = loop.when_readable(listener.get(), [this] { accept_one(); });
  }

  void accept_one() {
    UniqueFd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.is_open()) {
      if (errno != EMFILE && errno != ENFILE) return;
      accepting.cancel();  // the peer still waits: the listener would be readable again at once
      pause = loop.at(real_clock().steady() + full_pause, [this] { accept_all(); });
      return;
    }
    if (connections.size() >= connections_max || !is_allowed(fd.get())) {
      log::warn("supervisor", "control connection refused", {{"open", connections.size()}});
      return;
    }
    auto connection = std::make_shared<Connection>(loop, fd.release());
    connection->handle = handler;
    connection->closed = [this](const auto& gone) { connections.erase(gone); };
    connection->watch_for_requests();
    connections.insert(std::move(connection));
  }
};

ControlServer::ControlServer(Loop& loop, const std::string& path, Handler handler)
    : parts_(new Parts{.loop = loop, .path = path, .handler = std::move(handler)}) {
  ::unlink(path.c_str());  // the lock says that nobody listens there
  const Address address(path);
  parts_->listener.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto mask = ::umask(0117);  // born as 0660, not made so a moment later
  const int bound = ::bind(parts_->listener.get(), address.pointer(), sizeof address.socket);
  ::umask(mask);
  if (bound != 0 || ::listen(parts_->listener.get(), backlog) != 0)
    throw_errno("cannot listen on the control socket", path, "May this user write to its folder?");
  parts_->accept_all();
}

ControlServer::~ControlServer() {
  const auto connections = std::exchange(parts_->connections, {});
  for (const auto& connection : connections) {
    connection->closed = [](const auto&) {};
    connection->close();
  }
  parts_->accepting.cancel();
  ::unlink(parts_->path.c_str());
}

void ControlServer::flush(SteadyTime deadline) {
  for (const auto& connection : std::set(parts_->connections)) {
    while (connection->fd.is_open() && !connection->output.empty()) {
      const auto left = std::chrono::ceil<Milliseconds>(deadline - real_clock().steady()).count();
      pollfd writable{connection->fd.get(), POLLOUT, 0};
      if (left <= 0 || ::poll(&writable, 1, static_cast<int>(left)) == 0) return;
      connection->write_some();
    }
  }
}

namespace {

[[noreturn]] void throw_late(const std::string& path) {
  throw Error(ErrorText{.what = "the supervisor does not answer in time",
                        .where = path,
                        .hint =
                            "Does it hang? Its log tells what it did last. After a kill -9 of it "
                            "`daemonz start` takes over what it ran"});
}

Milliseconds left_until(SteadyTime deadline) {
  return std::max(std::chrono::ceil<Milliseconds>(deadline - real_clock().steady()),
                  Milliseconds(0));
}

// Not open: nobody listens.
UniqueFd connect_and_send(const std::string& path, const std::string& line,
                          const Patience& patience) {
  const Address address(path);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // A connection waits where the listener's backlog is full (unix(7)); 0 would be without a limit.
  auto time = patience.silence;
  if (patience.deadline) time = std::min(time, left_until(*patience.deadline));
  const auto most = std::max<std::int64_t>(time.count(), 1);
  const timeval limit{.tv_sec = most / 1000, .tv_usec = most % 1000 * 1000};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(fd.get(), address.pointer(), sizeof address.socket) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return {};
    if (errno == EAGAIN) throw_late(path);
    throw_errno("cannot reach the supervisor", path, "Are you its user, or root?");
  }
  const auto request = line + "\n";
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return {};
  return fd;
}

}  // namespace

void write_line(int fd, const std::string& line) {
  const auto text = line + "\n";
  [[maybe_unused]] const auto written = ::write(fd, text.data(), text.size());
}

std::optional<std::string> ask(const std::string& path, const std::string& line,
                               const Patience& patience) {
  const auto fd = connect_and_send(path, line, patience);
  if (!fd.is_open()) return {};
  std::string answer;
  for (;;) {
    const auto time = patience.deadline ? left_until(*patience.deadline) : patience.silence;
    pollfd readable{fd.get(), POLLIN, 0};
    const int count = ::poll(&readable, 1, static_cast<int>(time.count()));
    if (count < 0) continue;
    if (count == 0 && patience.deadline) throw_late(path);
    if (count == 0) {  // whatever it is asked, it answers; if it has gone, the answer above ends
      static_cast<void>(ask(path, "{}", {.deadline = real_clock().steady() + patience.silence}));
      continue;
    }
    char piece[65536];
    const auto size = ::recv(fd.get(), piece, sizeof piece, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return {};
    answer.append(piece, static_cast<std::size_t>(size));
    if (answer.back() == '\n') return answer.substr(0, answer.size() - 1);
  }
}

bool ask_for_lines(const std::string& path, const std::string& line, int stop_fd,
                   const std::function<bool(const std::string&)>& on_line) {
  const auto fd = connect_and_send(path, line, {});
  if (!fd.is_open()) return false;
  std::string text;
  for (;;) {
    pollfd sources[] = {{fd.get(), POLLIN, 0}, {stop_fd, POLLIN, 0}};
    if (::poll(sources, 2, -1) < 0) continue;
    if (sources[1].revents != 0) return true;
    char piece[65536];
    const auto size = ::recv(fd.get(), piece, sizeof piece, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return true;
    text.append(piece, static_cast<std::size_t>(size));
    std::size_t from = 0;
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', from)) {
      if (!on_line(text.substr(from, end - from))) return true;
      from = end + 1;
    }
    text.erase(0, from);
  }
}

}  // namespace daemonz::supervisor
