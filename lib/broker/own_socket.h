// Finds the socket that a client library has just opened, for libraries that do not tell: what is
// among this process's descriptors after a connect and was not before. Source: proc(5),
// /proc/PID/fd. Not for descriptors of one's own making.
#pragma once

#include <functional>

#include "base/unique_fd.h"
#include "base/units.h"
#include "broker/url.h"

namespace daemonz::broker {

/// Calls `connect`, which opens a connection to `address` (false: it could not), and gives a
/// duplicate (CLOEXEC) of its socket. Not open: connect failed, or the socket was not found. One
/// call at a time in the whole process: others wait for at most `patience`, then go on without a
/// result. Threads: any.
struct Found {
  bool is_connected = false;
  UniqueFd socket;
};
[[nodiscard]] Found find_own_socket(const Address& address, Milliseconds patience,
                                    const std::function<bool()>& connect);

}  // namespace daemonz::broker
