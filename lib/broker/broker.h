// The engine that carries jobs: what a front end pushes to and a processor pops from. It knows
// queues, bytes and leases, not tasks. Follows broker.md and delivery.md; one contract suite
// (tests/broker/contract_test.cc) is run against every engine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/queue_name.h"
#include "base/units.h"

namespace daemonz::broker {

/// What became of a push. `unknown`: the link broke or timed out after the bytes were sent; push
/// again with the same id. `unreachable`: nothing was sent.
enum class PushState { confirmed, duplicate, refused, unreachable, unknown };

struct [[nodiscard]] PushResult {
  PushState state = PushState::unknown;
  std::string detail;  ///< the engine's own words when not confirmed; empty otherwise
};

struct PushOptions {
  Priority priority = priority_default;
  Milliseconds delay{0};       ///< not handed out earlier
  Milliseconds expires_in{0};  ///< 0: never
  std::string id;              ///< retry token, 1..64 bytes: a second push of it stores nothing
  std::string unique_key;      ///< 32 hex digits, or empty: held while the item lives
  std::uint32_t deliveries_max = 0;  ///< 0: the queue's own
};

/// One item in our hands. A value: losing it does nothing; the engine takes the item back when the
/// lease lapses or the connection that popped it closes.
struct Lease {
  QueueName queue;
  std::uint64_t id = 0;  ///< delivery id: nonzero, rises with each delivery
  std::string body;
  std::uint32_t flags = 0;
};

/// What became of an ack, release, replace or extension. `gone`: the lease was lost before (the job
/// may be running elsewhere, or be done). `unknown`: no answer, `failed`: the engine's disk is full
/// or failed; both may be repeated. `refused`: not as it is (a successor that is too large, or
/// whose queue is full); repeating it does not help, and the lease is still ours.
enum class Settled { done, gone, unknown, failed, refused };

struct PopRequest {
  /// Best first: the first that has a ready item gives it. At least one; with the commas between
  /// them at most pop_names_size_max bytes (three names of 60 bytes fit).
  std::vector<QueueName> queues;
  Milliseconds wait{0};  ///< how long to wait for an item, at most wait_max
  Milliseconds lease{10'000};
  Priority priority_min = priority_first;  ///< only items of priorities min..max
  Priority priority_max = priority_last;
  std::optional<Lease> ack;  ///< settle this one in the same round trip
};

/// `settled` speaks of PopRequest::ack (done where none was given). An ack that was not `done` pops
/// nothing.
struct [[nodiscard]] Popped {
  std::optional<Lease> lease;
  Settled settled = Settled::done;
};

inline constexpr Milliseconds wait_max{30'000};
inline constexpr Bytes body_size_max = mebibytes(1);    ///< the queue's max_item_bytes
inline constexpr Bytes batch_size_max = mebibytes(60);  ///< of push_many; the server's end is 64
inline constexpr std::size_t key_size_max = 250;        ///< memcached's protocol.txt
/// Leaves room for the options of a pop in its key: /open/lease=3600000/t=30000/min=9/max=9
inline constexpr std::size_t pop_names_size_max = 200;

/// What this engine can do beyond the contract.
struct Capabilities {
  bool has_pause = false, has_peek = false, has_unique = false, has_cancel = false;
  bool has_exact_depth = false, has_lease_extension = false;
};

/// One connection to an engine. Connects when first used, reconnects by itself, never gives up.
/// Threads: one, but for interrupt(). Never push on a Broker that holds leases: a push that times
/// out closes the connection, and that frees the leased items.
class Broker {
 public:
  virtual ~Broker() = default;

  virtual PushResult push(const QueueName& queue, std::string_view body, const PushOptions&) = 0;
  /// All or nothing. At least one body.
  virtual PushResult push_many(const QueueName& queue, std::span<const std::string> bodies,
                               const PushOptions&) = 0;
  /// Waits for at most `wait`. No lease: nothing came, or interrupt(). Throws Error when the
  /// engine cannot be reached; the caller waits a little and tries again.
  virtual Popped pop(const PopRequest&) = 0;
  virtual Settled ack(const Lease&) = 0;
  /// Gives the item back after `delay`. `uncounted`: it was not worked on; its delivery is not
  /// counted, and it is back at once, whatever `delay` says.
  enum class Release { counted, uncounted };
  virtual Settled release(const Lease&, Release, Milliseconds delay = Milliseconds(0)) = 0;
  /// Acks the lease and stores `body` in `queue` as ONE operation (retry, move, or a reasoned move
  /// into queue.dead()). The unique key passes to the successor.
  virtual Settled replace(const Lease&, const QueueName& queue, std::string_view body,
                          const PushOptions&) = 0;
  /// Moves the item into queue.dead() with the engine's reason `rejected`.
  virtual Settled dead(const Lease&) = 0;
  /// The lease's deadline becomes now + `lease`. May be called on another connection than the
  /// pop's.
  virtual Settled extend(const Lease&, Milliseconds lease) = 0;

  /// Takes out the item that was pushed with this id, or its successor. One that is leased loses
  /// its lease: that is how its holder learns it. `gone`: there is none. Only where
  /// Capabilities::has_cancel says so.
  virtual Settled cancel(const QueueName& queue, const std::string& id) = 0;

  virtual std::uint64_t depth(const QueueName& queue) = 0;  ///< throws Error when unreachable
  virtual std::vector<QueueName> queues() = 0;              ///< all that exist now; throws Error
  [[nodiscard]] virtual Capabilities capabilities() const = 0;

  /// Ends a pop() that waits in another thread, or else the next one: it returns at once, as a rule
  /// without a lease (a job that was handed over in the same instant may still come out: release it
  /// uncounted). The connection is closed: its leases come back to their queues unless they are
  /// settled or extended through another connection soon. Threads: any.
  virtual void interrupt() noexcept = 0;
};

struct Options {
  std::string url = "memcache://127.0.0.1:22122";  ///< memcache://HOST:PORT, memcache+unix://PATH
  Milliseconds connect_timeout{1'000};
  Milliseconds answer_timeout{2'000};  ///< beyond the time that a command waits by itself
};

/// Checks the URL (throws Error) and connects later, when first used. A relative PATH counts from
/// the working folder of now. After a fork the child must make its own: the parent's object does
/// nothing there, not even when it is destroyed.
[[nodiscard]] std::unique_ptr<Broker> connect(const Options& options);

}  // namespace daemonz::broker
