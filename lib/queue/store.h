// Named priority queues that survive: puts, deliveries, leases, delays, retries, dead queues. It
// knows neither sockets nor the protocol's spelling, and time is passed in by a Clock. Follows
// queue-protocol.md ("Meaning") and delivery.md. What stands below it is open_store.h's matter.
//
//     store->put(mail, "body", {});            // answer STORED when durable() >= wait_for
//     auto taken = store->take({.queues = queues});
//     store->flush();                          // at the end of a turn: write, wake the commit
//                                              // thread
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/queue_name.h"
#include "base/units.h"
#include "queue/requests.h"

namespace daemonz::queue {

/// Threads: one, but for durable() and is_failed(). What survives a crash: order, priorities,
/// delays, delivery counts, flags, leases, paused and buried, retry tokens and unique keys, as far
/// as they were flushed (a crash of the process) or durable (of the machine).
class Store {
 public:
  virtual ~Store() = default;

  // --- storing
  virtual PutResult put(const QueueName& queue, std::string_view body,
                        const PutRequest& request) = 0;
  /// All or none. `request.id` stands for the whole; no `unique` and no `acknowledges`.
  virtual PutResult put_many(const QueueName& queue, std::span<const std::string_view> bodies,
                             const PutRequest& request) = 0;
  [[nodiscard]] virtual Bytes item_size_max(const QueueName& queue) const = 0;

  // --- taking
  /// The first of the queues that has a ready item gives it. nullopt: none has. Throws nothing; a
  /// failed disk hands nothing out.
  [[nodiscard]] virtual std::optional<Taken> take(const TakeRequest& request) = 0;
  /// The first ready item; it stays.
  [[nodiscard]] virtual std::optional<Taken> peek(const TakeRequest& request) = 0;
  virtual void sent(const Unsent& pop) = 0;    ///< the client has it
  virtual void unsent(const Unsent& pop) = 0;  ///< it goes back to the head, uncounted

  // --- finishing a delivery; `connection` as in touch
  virtual SettleResult acknowledge(const Delivery& delivery) = 0;
  /// Back to the head of its priority, or after `delay`.
  virtual SettleResult release(const Delivery& delivery, Milliseconds delay) = 0;
  virtual SettleResult release_uncounted(const Delivery& delivery) = 0;
  virtual SettleResult reject(const Delivery& delivery) = 0;  ///< into the dead queue
  virtual SettleResult bury(const Delivery& delivery) = 0;
  /// The deadline becomes now + `lease`. A lease whose own connection was lost by a restart is then
  /// `connection`'s.
  virtual SettleResult touch(const Delivery& delivery, Milliseconds lease,
                             ConnectionId connection) = 0;
  /// Its open items and leases come back.
  virtual void connection_lost(ConnectionId connection) = 0;

  // --- steering
  virtual SettleResult remove_by_id(const QueueName& queue, const KeyHash& id) = 0;
  virtual SettleResult remove_by_unique(const QueueName& queue, const KeyHash& unique) = 0;
  virtual SettleResult remove_by_sequence(const QueueName& queue, Sequence sequence) = 0;
  virtual SettleResult flush_queue(const QueueName& queue) = 0;  ///< gone: there is no such queue
  virtual SettleResult drop_queue(const QueueName& queue) = 0;
  virtual SettleResult flush_all() = 0;
  virtual SettleResult pause(const QueueName& queue) = 0;
  virtual SettleResult resume(const QueueName& queue) = 0;
  /// Up to `count` buried items (in a dead queue: dead ones, back to their queue) become ready.
  virtual SettleResult kick(const QueueName& queue, std::uint64_t count) = 0;

  // --- time and turns
  /// Lapsed leases and due delays take effect. Called at the start of each turn.
  virtual void advance() = 0;
  /// When advance() has something to do next; nullopt: nothing is waiting.
  [[nodiscard]] virtual std::optional<SteadyTime> next_deadline() const = 0;
  /// The queues that got a ready item since the last call, in that order.
  [[nodiscard]] virtual std::vector<std::string> take_newly_ready() = 0;
  /// Writes what this turn appended. Answers that do not wait may go out afterwards.
  virtual void flush() = 0;
  /// flush() has something to write, or could not.
  [[nodiscard]] virtual bool has_unwritten() const = 0;
  [[nodiscard]] virtual Sequence durable() const noexcept = 0;  ///< Threads: any
  [[nodiscard]] virtual bool is_failed() const noexcept = 0;    ///< Threads: any
  /// Of the newest record: what an answer waits for that must be durable.
  [[nodiscard]] virtual Sequence appended() const = 0;
  /// Writes and syncs everything. Idempotent. Throws Error when the disk refuses.
  virtual void close() = 0;

  // --- looking
  /// In put order, over all states and priorities; nothing changes. Reads every ready locator of
  /// the queue: an operator's command, not a processor's.
  [[nodiscard]] virtual std::vector<Browsed> browse(const QueueName& queue,
                                                    const BrowseRequest& request) = 0;
  [[nodiscard]] virtual bool is_delivered(const Delivery& delivery) const = 0;  ///< and not ended
  [[nodiscard]] virtual std::vector<QueueFigures> figures() = 0;
  [[nodiscard]] virtual StorageFigures storage() const = 0;
  [[nodiscard]] virtual std::uint64_t ready_count(std::string_view queue) const = 0;
};

}  // namespace daemonz::queue
