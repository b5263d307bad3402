#include "process/notify.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "base/error.h"

namespace daemonz::process {
namespace {

struct Address {
  sockaddr_un socket{};
  socklen_t size = 0;
};

// "/path" or "@abstract" (unix(7)). nullopt: too long.
std::optional<Address> address_of(const std::string& path) {
  Address address;
  address.socket.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.socket.sun_path) return {};
  std::memcpy(address.socket.sun_path, path.data(), path.size());
  if (path[0] == '@') address.socket.sun_path[0] = '\0';
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() +
                                        (path[0] == '@' ? 0 : 1));
  return address;
}

const sockaddr* pointer(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address.socket);
}

std::string from_environment(const char* name) {
  const char* const text = std::getenv(name);
  return text ? text : "";
}

std::map<std::string, std::string> parse_fields(std::string_view text) {
  std::map<std::string, std::string> fields;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    const auto equals = line.find('=');
    if (equals != std::string_view::npos && equals > 0)
      fields.insert_or_assign(std::string(line.substr(0, equals)),
                              std::string(line.substr(equals + 1)));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return fields;
}

// One line: what a daemon says must not forge further fields.
std::string one_line(std::string_view text) {
  std::string line(text.substr(0, notification_size_max / 2));
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace

Notifier::Notifier() : path_(from_environment("NOTIFY_SOCKET")) {
  const auto interval = parse_number(from_environment("WATCHDOG_USEC"));
  // sd_watchdog_enabled(3): with a pid it is meant for that process, not for its children.
  const auto pid = parse_number(from_environment("WATCHDOG_PID"));
  if (interval && *interval > 0 && (!pid || static_cast<pid_t>(*pid) == ::getpid()))
    watchdog_ = Microseconds(*interval);
}

void Notifier::ready(std::string_view text) const {
  send(text.empty() ? "READY=1" : "READY=1\nSTATUS=" + one_line(text));
}
void Notifier::reloading() const { send("RELOADING=1"); }
void Notifier::stopping() const { send("STOPPING=1"); }
void Notifier::status(std::string_view text) const { send("STATUS=" + one_line(text)); }
void Notifier::watchdog() const { send("WATCHDOG=1"); }

void Notifier::send(std::string_view text) const {
  const auto address = address_of(path_);
  if (!address) return;
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  // A full or missing socket is the supervisor's trouble: a daemon waits a little, but never hangs.
  constexpr timeval patience{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  [[maybe_unused]] const auto sent =
      ::sendto(fd.get(), text.data(), text.size(), MSG_NOSIGNAL, pointer(*address), address->size);
}

bool Notification::has(const std::string& key, const std::string& value) const {
  const auto found = fields.find(key);
  return found != fields.end() && found->second == value;
}

NotifySocket NotifySocket::open(const std::string& path) {
  const bool is_abstract = !address_of(path).has_value();
  const auto name = is_abstract
                        ? "@daemonz-notify-" + std::to_string(std::hash<std::string>{}(path)) +
                              "-" + std::to_string(::getpid())
                        : path;
  const auto address = address_of(name);
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.is_open() || !address) throw_errno("cannot make the notify socket", path);
  const auto bind = [&] { return ::bind(fd.get(), pointer(*address), address->size) == 0; };
  if (!bind() && (is_abstract || ::unlink(path.c_str()) != 0 || !bind()))
    throw_errno("cannot bind the notify socket", path, "May this user write to its folder?");
  if (!is_abstract) ::chmod(path.c_str(), 0666);
  const int on = 1;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0)
    throw_errno("cannot ask for credentials on", path);
  return NotifySocket(std::move(fd), name);
}

NotifySocket::~NotifySocket() {
  if (fd_.is_open() && address_[0] != '@') ::unlink(address_.c_str());
}

std::optional<Notification> NotifySocket::receive() const {
  for (;;) {
    char text[notification_size_max];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(8 * sizeof(int))];
    iovec part{text, sizeof text};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const auto size = ::recvmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return {};
    Notification notification;
    for (auto* part_of = CMSG_FIRSTHDR(&message); part_of;
         part_of = CMSG_NXTHDR(&message, part_of)) {
      if (part_of->cmsg_level != SOL_SOCKET) continue;
      if (part_of->cmsg_type == SCM_CREDENTIALS) {
        ucred sender{};
        std::memcpy(&sender, CMSG_DATA(part_of), sizeof sender);
        notification.sender = sender.pid;
        notification.user = sender.uid;
      } else if (part_of->cmsg_type == SCM_RIGHTS) {  // nobody asked for descriptors: close them
        const auto count = (part_of->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
          int fd = -1;
          std::memcpy(&fd, CMSG_DATA(part_of) + i * sizeof(int), sizeof fd);
          ::close(fd);
        }
      }
    }
    if (notification.sender <= 0 || (message.msg_flags & MSG_TRUNC) != 0) continue;
    notification.fields = parse_fields({text, static_cast<std::size_t>(size)});
    return notification;
  }
}

}  // namespace daemonz::process
