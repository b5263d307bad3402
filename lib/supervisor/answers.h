// The words of the control protocol: requests read, answers written. Pure text; the socket is
// control.h's, the doing is requests.h's. Documented in PROTOCOL.md.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/supervised.h"

namespace daemonz::supervisor {

struct Request {
  enum class Command {
    status,
    wait_until_up,
    start,
    stop,
    restart,
    reload,
    scale,
    signal,
    events,
    shutdown
  };
  Command command = Command::status;
  std::vector<std::string> targets;  ///< empty: all
  int signal = 0;
  int instances = 0;        ///< scale: of the one target
  bool is_waiting = true;   ///< start, restart, ..: answered when decided, else at once
  bool is_dry_run = false;  ///< reload: the plan is told, and nothing done
  bool is_keeping = false;  ///< shutdown: the children live on
};

/// Throws Error that says what is wrong with it.
[[nodiscard]] Request parse_request(const std::string& line);
[[nodiscard]] std::string request_line(const Request& request);

[[nodiscard]] std::string done_answer();
/// The same with how long it may take: "stop_ms".
[[nodiscard]] std::string stopping_answer(Milliseconds stop_time);
[[nodiscard]] std::string refusal(const std::string& why);
[[nodiscard]] std::string status_answer(const std::vector<Supervised*>& instances);
/// What has become of a start: ok, or which instances failed (why, and their last lines), wait for
/// others, or were stopped meanwhile.
[[nodiscard]] std::string up_answer(const std::vector<Supervised*>& instances);

/// The answer with one more list in it.
[[nodiscard]] std::string with_list(const std::string& answer, const char* key,
                                    const std::vector<std::string>& values);

/// A question whose answer comes later.
struct Waiter {
  enum class Goal { up, down };
  std::vector<Supervised*> targets;  // loans: instances live as long as the supervisor
  Goal goal = Goal::up;
  std::function<void(std::string)> reply;

  /// Up: every target is ready, has ended by itself, or has failed. Down: nothing of them lives.
  /// `all`: a target that waits for a failed one has failed too.
  [[nodiscard]] bool is_over(const std::vector<std::unique_ptr<Supervised>>& all,
                             SteadyTime now) const;
  /// The next moment at which time alone may end what is not over at `now`, the same as there: with
  /// a later one, what came true in between would never be looked at. nullopt: only an event can.
  [[nodiscard]] std::optional<SteadyTime> next_look(SteadyTime now) const;
};

}  // namespace daemonz::supervisor
