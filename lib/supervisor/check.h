// One question to a daemon from outside: a connection to a TCP port or a unix socket, memcache's
// `version`, a GET, a command. Not when and how often it is asked: probe.h, health_watch.h. Follows
// supervisor.md, `ready`. Sources: RFC 9112 (status line), memcached's protocol.txt.
#pragma once

#include <functional>
#include <memory>

#include "config/daemon.h"
#include "process/child.h"
#include "supervisor/loop.h"

namespace daemonz::supervisor {

struct CheckOptions {
  config::Ready question;  ///< tcp, unix_socket, memcache, http or exec
  Milliseconds time;       ///< without an answer by then the answer is no
  /// Starts `question.command` as a child of the supervisor; may throw Error. Only for exec.
  std::function<process::Child()> start;
};

/// Its end is the end of the question; a command that still runs is killed. Threads: one.
class Check {
 public:
  /// `answered` is called once, never from within the constructor; it may end this object.
  Check(Loop& loop, const CheckOptions& options, std::function<void(bool is_yes)> answered);
  ~Check();
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;

  /// Whether that is its command, which has ended. False: somebody else reaps it.
  bool take_ended(pid_t pid);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace daemonz::supervisor
