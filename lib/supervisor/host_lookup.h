// The addresses of a host, looked up away from the loop: a name server that does not answer holds
// back who asks for that name, and nobody else. Not the connection to them (check.h). Source:
// getaddrinfo(3).
#pragma once

#include <sys/socket.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "supervisor/loop.h"

namespace daemonz::supervisor {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};
using Addresses = std::vector<Address>;  ///< in the order in which they should be tried

/// Of a host written as a number: at once. nullopt: it is a name.
[[nodiscard]] std::optional<Addresses> numeric_addresses(const std::string& host,
                                                         const std::string& port);

/// Its end is the end of the question. A lookup that is under way is joined, so there is at most
/// one thread per name, however often it is asked for. Threads: one.
class HostLookup {
 public:
  /// `found` is called once, in a later turn, and may end this object; empty: there is none, or
  /// nobody could tell.
  HostLookup(Loop& loop, const std::string& host, const std::string& port,
             std::function<void(Addresses)> found);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;  // with the thread, which may outlive this object
  UniqueFd done_;
  Loop::Watch watch_;  // after its descriptor: it ends before that closes
};

}  // namespace daemonz::supervisor
