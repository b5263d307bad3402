// The queue server: listeners, connections and the turn of its one loop, over a queue::Store.
// Follows queue-protocol.md. Not the protocol (session.h) and not the storage.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "queue/store.h"

namespace daemonz::queue_server {

struct ServerOptions {
  std::vector<std::string> listen;  ///< HOST:PORT, an IPv6 host in brackets; port 0: any free one
  std::string unix_path;            ///< empty: no unix socket. Its mode is 0660
  std::string users_file;  ///< empty: everybody may use it over TCP, as over the unix socket
  bool allow_flush_all = false;
  std::size_t memory_limit = 0;  ///< shown in stats
};

/// Owns listeners and connections; the store is a loan. Threads: one, but for stop() and
/// store_committed().
class Server {
 public:
  /// Listens at once. Throws Error that names the address and what to do (a port in use, ..).
  Server(queue::Store& store, const Clock& clock, const ServerOptions& options);
  ~Server();

  /// "127.0.0.1:22122", as bound: a port 0 is a real one here. Without the unix socket.
  [[nodiscard]] const std::vector<std::string>& addresses() const;

  /// Serves until stop(). Then no connection is open any more and all that was answered is written.
  void run();
  /// Ends run() after the turn it is in. Threads: any; async-signal-safe: no.
  void stop();
  /// Ends run() when one of these arrives.
  void stop_on_signals(std::initializer_list<int> signals);
  /// The journal's on_commit: answers that waited may go out. Threads: any.
  void store_committed();

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace daemonz::queue_server
