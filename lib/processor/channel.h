// Lines of JSON over a stream socket between a lane and its forked child. Of this room only.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "base/unique_fd.h"

namespace daemonz::processor {

/// A line carries at most one envelope or one result, with room for its wrapping.
inline constexpr std::size_t channel_line_max = 8 << 20;

/// Threads: one.
class Channel {
 public:
  explicit Channel(UniqueFd socket) : socket_(std::move(socket)) {}

  [[nodiscard]] int fd() const noexcept { return socket_.get(); }
  /// Waits until it is all sent. Does nothing when the other side has gone.
  void send(const json::object& line);
  /// Takes what has come, without waiting. False: the other side has closed. Throws Error when a
  /// line is too long.
  bool fill();
  /// The next whole line, if one is there. Throws Error when it is none of JSON.
  [[nodiscard]] std::optional<json::object> next();
  /// Waits for it. Throws Error when the other side has closed.
  [[nodiscard]] json::object wait_for_line();

 private:
  bool receive(int flags);

  UniqueFd socket_;
  std::string buffer_;
};

}  // namespace daemonz::processor
