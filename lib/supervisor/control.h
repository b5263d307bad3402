// The control socket, both ends: one JSON object per line, one answer per question. Not the meaning
// of the commands: requests.h. Documented in PROTOCOL.md.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/units.h"
#include "supervisor/loop.h"

namespace daemonz::supervisor {

inline constexpr int control_version = 1;
inline constexpr std::size_t control_line_max = 65536;  ///< a request: a command and some names

/// The supervisor's end. Mode 0660; only root and the supervisor's own user are answered
/// (SO_PEERCRED). A peer that is slow, mute or gone costs its connection, never the loop.
/// Owns the socket file. Threads: one.
class ControlServer {
 public:
  /// Call it once, now or later; an event stream calls it again and again.
  struct Reply {
    std::function<void(std::string line)> send;
    std::function<bool()> is_open;  ///< false: the peer has gone
    void operator()(std::string line) const { send(std::move(line)); }
  };
  using Handler = std::function<void(const std::string& line, Reply reply)>;

  /// Throws Error that names the path.
  ControlServer(Loop& loop, const std::string& path, Handler handler);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// Hands out what was replied but not read yet, at most until `deadline`: before an end.
  void flush(SteadyTime deadline);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// How long an answer is waited for.
struct Patience {
  std::optional<SteadyTime> deadline;  ///< nullopt: as long as the supervisor is seen to live
  /// The supervisor is given up when it has not taken a connection for so long; and after so long
  /// without the answer it is asked for another one, which comes at once unless it hangs.
  Milliseconds silence{30'000};
};

/// One line to a pipe whose reader may have gone.
void write_line(int fd, const std::string& line);

/// Asks and waits for the answer line. nullopt: nobody listens, or the connection ended without an
/// answer. Throws Error: not allowed, or late.
[[nodiscard]] std::optional<std::string> ask(const std::string& path, const std::string& line,
                                             const Patience& patience = {});

/// The same for an answer of many lines: calls `on_line` for each until it returns false, the
/// connection ends, or `stop_fd` is readable. False: nobody listens. Throws Error: not allowed, or
/// no connection is taken.
bool ask_for_lines(const std::string& path, const std::string& line, int stop_fd,
                   const std::function<bool(const std::string&)>& on_line);

}  // namespace daemonz::supervisor
