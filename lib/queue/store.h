// Named priority queues over the journal: puts, deliveries, leases, delays, retries, dead queues.
// It knows neither sockets nor the protocol's spelling, and time is passed in by a Clock. Follows
// queue-protocol.md ("Meaning") and delivery.md; the records are in FORMAT.md beside this file.
//
//     auto store = Store::open(options, clock);
//     store->put(mail, "body", {});            // answer STORED when durable() >= wait_for
//     store->take({.queues = queues}, take);   // hand out: take holds the item
//     store->flush();                          // at the end of a turn: write, wake the commit thread
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/queue_name.h"
#include "journal/journal.h"
#include "queue/item.h"
#include "queue/options.h"
#include "queue/queue.h"
#include "queue/records.h"
#include "queue/requests.h"

namespace daemonz::queue {

struct StoreOptions {
  journal::Options journal;
  AllOptions queues;
  /// How long a lease of a connection may be taken over by touch or ack after a restart.
  Milliseconds takeover_time{3'000};
};

/// Owns queues, items and the journal. Threads: one. What survives a crash: order, priorities,
/// delays, delivery counts, flags, leases, paused and buried, retry tokens and unique keys, as far
/// as the journal got them (journal.h).
class Store {
 public:
  /// Recovers everything. Throws Error (see Journal::open). Returns when it can be served from.
  [[nodiscard]] static std::unique_ptr<Store> open(StoreOptions options, const Clock& clock);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // --- storing
  PutResult put(const QueueName& queue, std::string_view body, const PutRequest& request);
  /// All or none. `request.id` stands for the whole; no `unique` and no `acknowledges`.
  PutResult put_many(const QueueName& queue, std::span<const std::string_view> bodies,
                     const PutRequest& request);
  [[nodiscard]] Bytes item_size_max(const QueueName& queue) const;

  // --- taking
  /// The first of the queues that has a ready item gives it. nullopt: none has. Throws nothing; a
  /// failed disk hands nothing out.
  [[nodiscard]] std::optional<Taken> take(const TakeRequest& request);
  /// The first ready item; it stays.
  [[nodiscard]] std::optional<Taken> peek(const TakeRequest& request);
  [[nodiscard]] bool has_ready(const TakeRequest& request);
  void sent(const Unsent& pop);    ///< the client has it
  void unsent(const Unsent& pop);  ///< it goes back to the head, uncounted

  // --- finishing a delivery; `connection` as in touch
  SettleResult acknowledge(const Delivery& delivery);
  /// Back to the head of its priority, or after `delay`.
  SettleResult release(const Delivery& delivery, Milliseconds delay);
  SettleResult release_uncounted(const Delivery& delivery);
  SettleResult reject(const Delivery& delivery);  ///< into the dead queue
  SettleResult bury(const Delivery& delivery);
  /// The deadline becomes now + `lease`. A lease whose own connection was lost by a restart is then
  /// `connection`'s.
  SettleResult touch(const Delivery& delivery, Milliseconds lease, ConnectionId connection);
  /// Its open items and leases come back.
  void connection_lost(ConnectionId connection);

  // --- steering
  SettleResult remove_by_id(const QueueName& queue, const Hash128& id);
  SettleResult remove_by_unique(const QueueName& queue, const Hash128& unique);
  SettleResult remove_by_sequence(const QueueName& queue, Sequence sequence);
  SettleResult flush_queue(const QueueName& queue);  ///< gone: there is no such queue
  SettleResult drop_queue(const QueueName& queue);
  void flush_all();
  SettleResult pause(const QueueName& queue);
  SettleResult resume(const QueueName& queue);
  /// Up to `count` buried items (in a dead queue: dead ones, back to their queue) become ready.
  SettleResult kick(const QueueName& queue, std::uint64_t count);

  // --- time and turns
  /// Lapsed leases and due delays take effect. Called at the start of each turn.
  void advance();
  /// When advance() has something to do next; nullopt: nothing is waiting.
  [[nodiscard]] std::optional<SteadyTime> next_deadline() const;
  /// The queues that got a ready item since the last call, in that order.
  [[nodiscard]] std::vector<Queue*> take_newly_ready();
  /// Writes what this turn appended. Answers that do not wait may go out afterwards.
  void flush() { journal_->flush(); }
  [[nodiscard]] Sequence durable() const noexcept { return journal_->durable(); }  ///< Threads: any
  [[nodiscard]] bool is_failed() const noexcept { return journal_->is_failed(); }
  void close() { journal_->close(); }  ///< see Journal::close

  // --- looking
  [[nodiscard]] std::vector<QueueFigures> figures() const;
  [[nodiscard]] const journal::Journal& journal() const { return *journal_; }
  [[nodiscard]] const AllOptions& options() const { return options_.queues; }

 private:
  friend class Replayer;

  struct Timer {
    SteadyTime at;
    Locator item;
    friend auto operator<=>(const Timer&, const Timer&) = default;
  };
  struct Peeked {  // a ready item, read but not removed
    Queue* queue;
    std::uint8_t priority;
    Locator at;
    PutRecord record;
    std::uint64_t better_ready;
  };

  Store(StoreOptions options, const Clock& clock);
  [[nodiscard]] Queue& queue_of(std::string_view name);
  [[nodiscard]] Queue* find_queue(std::string_view name) const;

  // ready items (ready.cc)
  void push_ready(Queue& queue, std::uint8_t priority, Locator at, Fifo::End end);
  [[nodiscard]] std::optional<Peeked> first_ready(const TakeRequest& request);
  [[nodiscard]] std::optional<Peeked> first_ready_of(Queue& queue, Priority min, Priority max);
  [[nodiscard]] std::optional<PutRecord> read(Locator at);
  void expire(Peeked& expired);
  void discard_oldest(Queue& queue);

  // items with an entry (entries.cc)
  Item& add_entry(Queue& queue, Locator at, const PutRecord& record);
  [[nodiscard]] Item* find_delivery(const Delivery& delivery);
  void set_timer(Item& item, SteadyTime at);
  void clear_timer(Item& item);
  void end_delivery(Item& item);
  void give_back(Item& item, Milliseconds delay);
  void return_failed(Item& item, Milliseconds delay);
  void move_to_dead(Item& item, Reason reason);
  void place(Item& item, Place place, SteadyTime due);
  void log_move(const Item& item, Place place, SteadyTime due);
  void drop_item(Queue& queue, Locator at, std::uint32_t size,
                 const std::optional<Hash128>& unique);
  SettleResult remove_item(Queue& queue, Locator at);

  // storing (store.cc)
  [[nodiscard]] std::optional<PutResult> refuse(Queue& queue, std::string_view body,
                                                const PutRequest& request, const Item* predecessor);
  std::optional<Locator> append_put(Queue& queue, std::string_view body, const PutRequest& request,
                                    std::uint32_t more, const Item* predecessor);
  bool append(RecordKind kind, const Fields& fields, journal::Commit commit);
  [[nodiscard]] SettleResult settled(const Queue& queue, bool is_logged);
  [[nodiscard]] journal::Commit commit_of(const Queue& queue) const;
  void log_state_of_segment();
  void empty(Queue& queue);

  const StoreOptions options_;
  const Clock& clock_;
  std::unique_ptr<journal::Journal> journal_;
  std::map<std::string, std::unique_ptr<Queue>, std::less<>> queues_;
  std::unordered_map<Locator, Item> entries_;  ///< all items that are more than a ready locator
  std::unordered_map<DeliveryId, Item*> deliveries_;
  std::unordered_map<ConnectionId, std::set<DeliveryId>> connections_;
  std::set<Timer> timers_;                     ///< one per delayed or leased item with a deadline
  std::unordered_set<Locator> removed_ready_;  ///< ready items removed before their turn
  std::vector<Queue*> newly_ready_;
  DeliveryId last_delivery_ = 0;
  std::uint32_t state_segment_ = 0;  ///< the segment that holds a copy of the queues' state
  std::string scratch_;
};

}  // namespace daemonz::queue
