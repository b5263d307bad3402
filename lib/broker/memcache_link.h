// One connection to the queue server over libmemcached, and the few commands that we use, with
// answers told apart that the library mixes up. Follows queue-protocol.md, "What libmemcached 1.1.4
// does". Knows keys and bytes; what they mean is memcache.cc's. Source: libmemcached(3).
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "base/units.h"
#include "broker/broker.h"
#include "broker/url.h"

struct memcached_st;

namespace daemonz::broker {

/// What the server said, or why it did not. `unreachable`: nothing was sent. `broken`: the command
/// was sent and no answer came (time-out, lost connection, or words that make no sense).
enum class Reply {
  done,  ///< STORED, DELETED, TOUCHED, VALUE
  exists,
  not_stored,
  not_found,  ///< also a get without an item
  client_error,
  server_error,  ///< "storage failed" and other texts
  no_memory,     ///< "out of memory storing object"
  too_large,     ///< "object too large for cache"
  unreachable,
  broken,
};

struct Answer {
  Reply reply = Reply::broken;
  std::string text;  ///< the server's or the library's words where it was not `done`
};

struct Value {
  std::string key, body;
  std::uint32_t flags = 0;
  std::uint64_t delivery = 0;
};

/// Connects when first used and again after each break. Threads: one, but for interrupt().
class MemcacheLink {
 public:
  explicit MemcacheLink(const Options& options);
  MemcacheLink(const MemcacheLink&) = delete;
  MemcacheLink& operator=(const MemcacheLink&) = delete;
  ~MemcacheLink();

  Answer set(const std::string& key, std::string_view body);
  Answer remove(const std::string& key);
  Answer touch(const std::string& key, Seconds deadline);
  /// `wait`: how long the key asks the server to wait. interrupt() gives `broken` or `unreachable`.
  Answer get(const std::string& key, Milliseconds wait, std::optional<Value>& value);
  Answer stats(const std::string& arguments,
               const std::function<void(std::string_view name, std::string_view value)>& each);

  /// See Broker::interrupt. Threads: any.
  void interrupt() noexcept;
  /// True once after an interrupt.
  [[nodiscard]] bool take_interrupt() noexcept { return is_interrupted_.exchange(false); }
  /// False: an interrupt cannot reach a get that waits, so it should wait in short slices.
  [[nodiscard]] bool is_interruptible() const noexcept { return socket_.is_open(); }

  /// Connects if there is no connection. False: it could not; `why` tells.
  bool is_reachable(std::string& why);

 private:
  [[nodiscard]] memcached_st* made();
  [[nodiscard]] bool has_peer() const;
  [[nodiscard]] int log_in(memcached_st* library) const;
  [[nodiscard]] std::string last_words(const char* otherwise) const;
  void disconnect();
  Answer answer(int code);

  const Options options_;
  const Address address_;
  const pid_t pid_;  ///< of the process that owns the connection
  memcached_st* library_ = nullptr;
  bool is_connected_ = false;
  std::atomic<bool> is_interrupted_ = false;
  mutable std::mutex socket_mutex_;  ///< interrupt() against disconnect()
  UniqueFd socket_;                  ///< a duplicate of the library's, for shutdown(2) and poll(2)
};

}  // namespace daemonz::broker
