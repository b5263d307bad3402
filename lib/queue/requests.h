// What is asked of the store, and what it answers: plain values. Follows queue-protocol.md, whose
// words these are without memcache's spelling.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/queue_name.h"
#include "base/units.h"

namespace daemonz::queue {

/// Rises with each record of the log; an item is known by its put's.
using Sequence = std::uint64_t;

/// 128 bits that stand for a retry token or a unique key.
struct KeyHash {
  std::uint64_t low = 0, high = 0;
  friend auto operator<=>(const KeyHash&, const KeyHash&) = default;
};
[[nodiscard]] KeyHash hash_key(std::string_view key);

/// Nonzero; rises with each delivery, across restarts too.
using DeliveryId = std::uint64_t;
/// A client's connection; 0: none. Never used again within a run.
using ConnectionId = std::uint64_t;

/// One delivery of one queue.
struct Delivery {
  QueueName queue;
  DeliveryId id = 0;
};

struct PutRequest {
  Priority priority = priority_default;
  std::uint32_t flags = 0;
  Milliseconds delay{0};
  std::optional<WallTime> expires_at;
  std::uint32_t max_deliveries = 0;      ///< 0: the queue's own
  std::optional<KeyHash> id;             ///< retry token: a second put of it stores nothing
  std::optional<KeyHash> unique;         ///< held while the item, or a successor, lives
  std::optional<Delivery> acknowledges;  ///< this put is its successor: one atomic record
  bool is_synced = false;                ///< durable before the answer whatever the queue says
};

enum class PutOutcome {
  stored,     ///< or known already by its retry token
  full,       ///< max_items or max_bytes
  too_large,  ///< above max_item_bytes
  key_held,   ///< another item holds the unique key
  gone,       ///< the delivery to acknowledge is not (any more) there; nothing was stored
  no_space,   ///< the disk is full
  failed,     ///< the disk has failed; whether it is stored is unknown
};

/// The answer may go out when the journal is durable up to `wait_for` (0: at once).
struct [[nodiscard]] PutResult {
  PutOutcome outcome = PutOutcome::failed;
  Sequence wait_for = 0;
};

struct TakeRequest {
  std::span<const QueueName> queues;  ///< best first
  Priority priority_min = priority_first, priority_max = priority_last;
  /// pop: handed out once. lease: comes back at its deadline. open: comes back when the connection
  /// is lost. open_lease: at whichever is first.
  enum class Mode { pop, lease, open, open_lease } mode = Mode::pop;
  std::optional<Milliseconds> lease;  ///< nullopt: the queue's lease_default
  ConnectionId connection = 0;
};

class Queue;
struct Item;

/// A plain pop whose bytes are not yet on their way: the store must hear of its end, by sent() or
/// unsent().
struct Unsent {
  Queue* queue = nullptr;
  Item* item = nullptr;
};

/// An item handed out. `queue` and `body` are good until the next call of the store.
struct Taken {
  std::string_view queue;
  std::string_view body;
  std::uint32_t flags = 0;
  DeliveryId delivery = 0;
  Sequence sequence = 0;           ///< of its put
  std::uint32_t deliveries = 0;    ///< this one included
  std::uint64_t better_ready = 0;  ///< ready items of the request's better queues (must be 0)
  Unsent unsent;                   ///< mode pop only
};

/// no_space: the disk is full, the rest is for acknowledgements, and the log does not know of it.
enum class Settled { done, gone, no_space, failed };
struct [[nodiscard]] SettleResult {
  Settled outcome = Settled::failed;
  Sequence wait_for = 0;  ///< as in PutResult
};

/// popped: handed out by a plain pop, and its bytes are not yet on their way (see Unsent).
/// Written in records: never renumber.
enum class ItemState : std::uint8_t { ready = 0, delayed = 1, leased = 2, buried = 3, popped = 4 };
/// Why an item is in a dead queue (or moved by expire_to). Written in records: never renumber.
enum class Reason : std::uint8_t { none, deliveries, rejected, expired };

/// Items put after `after`, at most `count` of them, and no further one once their bodies have
/// `bytes_max` bytes together.
struct BrowseRequest {
  Sequence after = 0;
  std::uint64_t count = 1;
  std::size_t bytes_max = 1 << 20;
};

/// An item as it stands in its queue: looked at, not taken.
struct Browsed {
  Sequence sequence = 0;  ///< of its put
  ItemState state = ItemState::ready;
  Reason reason = Reason::none;
  std::uint8_t priority = 0;
  std::uint32_t deliveries = 0, flags = 0;
  Milliseconds age{0};  ///< since its put
  std::string body;
};

/// What one queue looks like now, and what it has seen since this start.
struct QueueFigures {
  std::string name;
  std::uint64_t ready = 0, delayed = 0, leased = 0, buried = 0;
  std::uint64_t bytes = 0;  ///< of bodies
  bool is_paused = false;
  std::uint64_t total = 0, expired = 0, discarded = 0, redelivered = 0, dead = 0, flushes = 0;
  std::uint64_t opened = 0, canceled = 0, open_now = 0;
  Milliseconds last_age{0};    ///< how long the item last handed out had waited
  Milliseconds oldest_age{0};  ///< of the ready items that stand first in their priorities

  [[nodiscard]] std::uint64_t items() const { return ready + delayed + leased + buried; }
};

/// How the store's log is doing.
struct StorageFigures {
  std::uint64_t bytes = 0, live_bytes = 0, segments = 0, syncs = 0, sync_p99_us = 0, cut_bytes = 0;
  Milliseconds recovery{0};
  std::string failure;  ///< why it is read-only; empty: it is not
};

}  // namespace daemonz::queue

template <>
struct std::hash<daemonz::queue::KeyHash> {
  std::size_t operator()(const daemonz::queue::KeyHash& key) const noexcept { return key.low; }
};
