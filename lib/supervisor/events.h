// What happens, as it happens: one JSON line per change of a state, to everybody who has asked for
// events. Not the log (base/log.h), which is for people. Documented in PROTOCOL.md.
#pragma once

#include <string>
#include <vector>

#include "supervisor/control.h"
#include "supervisor/supervised.h"

namespace daemonz::supervisor {

/// A peer that does not read loses its connection (control.h), never the loop's time. Threads: one.
class EventStream {
 public:
  /// Answers `ok` at once, then a line per event. `targets` as in a request; empty: all.
  void add(ControlServer::Reply reply, std::vector<std::string> targets);

  /// `instance` was in `before` and is in another state now.
  void tell(const Supervised& instance, State before);
  /// Of the supervisor itself: "stopping", "reloaded".
  void tell(std::string_view what);

 private:
  struct Listener {
    ControlServer::Reply send;
    std::vector<std::string> targets;
  };
  using Chooses = std::function<bool(const std::vector<std::string>& targets)>;
  void send(const std::string& line, const Chooses& chooses);

  std::vector<Listener> listeners_;
};

}  // namespace daemonz::supervisor
