// "Is it ready?" asked from outside, for daemons that do not say so themselves: a connection to a
// TCP port or a unix socket, or memcache's `version`. Not the notify socket (process/notify.h).
#pragma once

#include <functional>
#include <memory>

#include "config/daemon.h"
#include "supervisor/loop.h"

namespace daemonz::supervisor {

/// Asks until the answer is yes, then calls `succeeded` once. Its end is the end of the asking.
/// Threads: one.
class Probe {
 public:
  /// `ready.kind` is tcp, unix_socket or memcache.
  Probe(Loop& loop, const config::Ready& ready, std::function<void()> succeeded);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace daemonz::supervisor
