// "I am ready": the sd_notify protocol, both ends. A datagram of KEY=value lines to the socket that
// NOTIFY_SOCKET names. Source: sd_notify(3), unix(7) SCM_CREDENTIALS.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "base/units.h"

namespace daemonz::process {

/// The daemon's end. Without NOTIFY_SOCKET every call does nothing, so a daemon needs no `if`.
/// A supervisor that has gone away is not an error. Threads: any.
class Notifier {
 public:
  Notifier();  ///< reads NOTIFY_SOCKET and WATCHDOG_USEC
  explicit Notifier(std::string socket_path) : path_(std::move(socket_path)) {}

  [[nodiscard]] bool is_wanted() const noexcept { return !path_.empty(); }
  /// How often watchdog() is expected at least; nullopt: not at all. Call it twice as often.
  [[nodiscard]] std::optional<Microseconds> watchdog_interval() const noexcept { return watchdog_; }

  void ready(std::string_view status = {}) const;  ///< READY=1, and STATUS=
  void reloading() const;                          ///< RELOADING=1; say ready() when done
  void stopping() const;                           ///< STOPPING=1
  void status(std::string_view text) const;        ///< STATUS=: one line for `daemonz status`
  void watchdog() const;                           ///< WATCHDOG=1: still alive
  void send(std::string_view text) const;          ///< any lines

 private:
  std::string path_;
  std::optional<Microseconds> watchdog_;
};

/// One datagram, with the sender as the kernel vouches for it.
struct Notification {
  pid_t sender = 0;
  uid_t user = 0;  ///< of the sender
  std::map<std::string, std::string> fields;
  [[nodiscard]] bool has(const std::string& key, const std::string& value) const;
};

inline constexpr std::size_t notification_size_max = 4096;  ///< sd_notify messages are short

/// The supervisor's end. Owns the socket and removes it. Threads: one.
class NotifySocket {
 public:
  /// Binds a datagram socket at `path` (mode 0666: daemons of other users write to it). A stale
  /// socket there is replaced. A path too long for unix(7) becomes an abstract address. Throws
  /// Error.
  [[nodiscard]] static NotifySocket open(const std::string& path);
  NotifySocket(NotifySocket&&) noexcept = default;
  NotifySocket& operator=(NotifySocket&&) noexcept = default;
  ~NotifySocket();

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& address() const noexcept { return address_; }  ///< NOTIFY_SOCKET
  /// The next message; nullopt: none is waiting. Messages without credentials or longer than
  /// notification_size_max are dropped. Never blocks.
  [[nodiscard]] std::optional<Notification> receive() const;

 private:
  NotifySocket(UniqueFd fd, std::string address)
      : fd_(std::move(fd)), address_(std::move(address)) {}
  UniqueFd fd_;
  std::string address_;
};

}  // namespace daemonz::process
