// The store over a journal. Private to the room: others include store.h (what it does) and
// open_store.h (how it is made). The records are in FORMAT.md beside this file.
#pragma once

#include <cstdint>
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

#include "journal/journal.h"
#include "queue/cleaner.h"
#include "queue/item.h"
#include "queue/open_store.h"
#include "queue/queue.h"
#include "queue/records.h"
#include "queue/store.h"

namespace daemonz::queue {

/// Owns queues, items and the journal. Threads: one.
class JournaledStore final : public Store {
 public:
  static std::unique_ptr<JournaledStore> open(StoreOptions options, const Clock& clock);

  // --- storing
  PutResult put(const QueueName& queue, std::string_view body, const PutRequest& request) override;
  PutResult put_many(const QueueName& queue, std::span<const std::string_view> bodies,
                     const PutRequest& request) override;
  [[nodiscard]] Bytes item_size_max(const QueueName& queue) const override;
  [[nodiscard]] std::optional<Taken> take(const TakeRequest& request) override;
  [[nodiscard]] std::optional<Taken> peek(const TakeRequest& request) override;
  void sent(const Unsent& pop) override;
  void unsent(const Unsent& pop) override;
  SettleResult acknowledge(const Delivery& delivery) override;
  SettleResult release(const Delivery& delivery, Milliseconds delay) override;
  SettleResult release_uncounted(const Delivery& delivery) override;
  SettleResult reject(const Delivery& delivery) override;
  SettleResult bury(const Delivery& delivery) override;
  SettleResult touch(const Delivery& delivery, Milliseconds lease,
                     ConnectionId connection) override;
  void connection_lost(ConnectionId connection) override;
  SettleResult remove_by_id(const QueueName& queue, const KeyHash& id) override;
  SettleResult remove_by_unique(const QueueName& queue, const KeyHash& unique) override;
  SettleResult remove_by_sequence(const QueueName& queue, Sequence sequence) override;
  SettleResult flush_queue(const QueueName& queue) override;
  SettleResult drop_queue(const QueueName& queue) override;
  SettleResult flush_all() override;
  SettleResult pause(const QueueName& queue) override;
  SettleResult resume(const QueueName& queue) override;
  SettleResult kick(const QueueName& queue, std::uint64_t count) override;
  void advance() override;
  [[nodiscard]] std::optional<SteadyTime> next_deadline() const override;
  [[nodiscard]] std::vector<std::string> take_newly_ready() override;
  void flush() override;
  [[nodiscard]] bool has_unwritten() const override {
    return journal_->written() < journal_->appended();
  }
  [[nodiscard]] Sequence durable() const noexcept override { return journal_->durable(); }
  [[nodiscard]] bool is_failed() const noexcept override { return journal_->is_failed(); }
  [[nodiscard]] Sequence appended() const override { return journal_->appended(); }
  void close() override { journal_->close(); }
  [[nodiscard]] std::vector<Browsed> browse(const QueueName& queue,
                                            const BrowseRequest& request) override;
  [[nodiscard]] bool is_delivered(const Delivery& delivery) const override {
    return find_delivery(delivery) != nullptr;
  }
  [[nodiscard]] std::vector<QueueFigures> figures() override;
  [[nodiscard]] StorageFigures storage() const override;
  [[nodiscard]] std::uint64_t ready_count(std::string_view queue) const override;

 private:
  friend class Replayer;
  friend class Cleaner;

  struct Timer {
    SteadyTime at;
    Sequence sequence;  ///< of two that are due at once, the older item comes first
    Item* item;
    friend auto operator<=>(const Timer&, const Timer&) = default;
  };
  struct Found {  // a ready item at the head of its priority, read but not removed
    Queue* queue = nullptr;
    std::uint8_t priority = 0;
    Locator at;
    PutRecord record;
    std::uint64_t better_ready = 0;
  };

  JournaledStore(StoreOptions options, const Clock& clock);
  [[nodiscard]] Queue& queue_of(std::string_view name);
  [[nodiscard]] Queue* find_queue(std::string_view name) const;
  [[nodiscard]] Milli wall_of(SteadyTime time) const;
  [[nodiscard]] SteadyTime steady_of(Milli wall) const;

  // storing (store.cc)
  [[nodiscard]] std::optional<PutResult> refusal(Queue& queue, std::uint64_t bytes,
                                                 std::uint64_t count, const Item* predecessor);
  [[nodiscard]] static bool is_key_held(const Queue& queue, const std::optional<KeyHash>& unique,
                                        const Item* predecessor);
  [[nodiscard]] bool is_token_used(Queue& queue, const PutRequest& request,
                                   const Item* predecessor);
  [[nodiscard]] PutRecord record_of(const Queue& queue, const PutRequest& request) const;
  [[nodiscard]] bool store_item(Queue& queue, const PutRecord& record);
  void remember_token(Queue& queue, const KeyHash& id, Locator at);
  std::optional<Locator> append(RecordKind kind, const Fields& fields, journal::Commit commit);
  [[nodiscard]] SettleResult settled(const Queue& queue, bool is_logged);
  [[nodiscard]] SettleResult not_logged() const {
    return {is_failed() ? Settled::failed : Settled::no_space};
  }
  [[nodiscard]] PutResult not_stored() const {
    return {is_failed() ? PutOutcome::failed : PutOutcome::no_space};
  }
  [[nodiscard]] Sequence wait_for_all();
  [[nodiscard]] static journal::Commit commit_of(const Queue& queue);
  void forget_tokens(Queue& queue);
  void release_token(const Queue& queue, Locator logged_at);

  // ready items (ready.cc)
  using End = Fifo<Locator>::End;
  void push_ready(Queue& queue, std::uint8_t priority, Locator at, End end);
  void pop_ready(Queue& queue, std::uint8_t priority);
  [[nodiscard]] std::optional<Found> first_ready(const TakeRequest& request);
  [[nodiscard]] std::optional<Found> first_ready_of(Queue& queue, Priority min, Priority max);
  [[nodiscard]] std::optional<PutRecord> read(Locator at);
  [[nodiscard]] bool is_expired(const PutRecord& record, Milli now) const;
  void expire(const Found& found);
  void discard_oldest(Queue& queue);
  [[nodiscard]] Unsent pop(const Found& found, Taken& taken);
  [[nodiscard]] bool has_room_for_delivery();
  [[nodiscard]] Milliseconds oldest_age(const Queue& queue);
  void lease(const Found& found, const TakeRequest& request, Taken& taken);

  // looking (browse.cc)
  struct Candidate {
    Sequence sequence = 0;
    Locator at;
    const Item* item = nullptr;  ///< nullptr: a plain ready item
  };
  void add_plain_ready(const Queue& queue, std::uint8_t priority, const BrowseRequest& request,
                       std::vector<Candidate>& to);
  [[nodiscard]] bool is_plain(Locator at) const;

  // items with an entry (entries.cc)
  Item& add_entry(Queue& queue, Locator at, const PutRecord& record);
  [[nodiscard]] Item* find_delivery(const Delivery& delivery) const;
  void set_timer(Item& item, SteadyTime at);
  void clear_timer(Item& item);
  void bind(Item& item, ConnectionId connection);
  void end_delivery(Item& item);
  // True: the log knows of it.
  bool return_counted(Item& item, Milliseconds delay);
  bool move_to_dead(Item& item, Reason reason);
  void move_to_queue(Item& item, Queue& queue);
  bool place(Item& item, Place place, SteadyTime due = {});
  void stand(Item& item, Place place, SteadyTime due);
  bool log_move(Item& item, Place place, SteadyTime due);
  void forget(Item& item);
  void drop_entry(Item& item);
  [[nodiscard]] bool remove(Item& item);
  [[nodiscard]] SettleResult remove_item(Queue& queue, Locator at);
  void free_keys(Queue& queue, Locator at, const std::optional<KeyHash>& id,
                 const std::optional<KeyHash>& unique);
  void claim_keys(Item& item);
  void describe(const Item& item, CopiedRecord& record) const;
  void is_at(Queue& queue, const PutRecord& record, Item* item, Locator at, std::uint32_t payload);
  void empty(Queue& queue);
  [[nodiscard]] bool log_pause(Queue& queue, journal::Commit commit);

  const StoreOptions options_;
  const Clock& clock_;
  std::unique_ptr<journal::Journal> journal_;
  std::map<std::string, std::unique_ptr<Queue>, std::less<>> queues_;
  std::map<Locator, Item> entries_;  ///< all items that are more than a ready locator
  std::unordered_map<DeliveryId, Item*> deliveries_;
  std::unordered_map<ConnectionId, std::set<DeliveryId>> connections_;
  SteadyTime tokens_forgotten_at_{};
  std::set<Timer> timers_;                     ///< one per delayed or leased item with a deadline
  std::unordered_set<Locator> removed_ready_;  ///< ready items removed before their turn
  std::vector<Queue*> newly_ready_;
  Cleaner cleaner_{*this};
  DeliveryId last_delivery_ = 0;
  std::string scratch_;
};

}  // namespace daemonz::queue
