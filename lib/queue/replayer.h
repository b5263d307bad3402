// Recovery: turns the log's records, in order, back into queues and items. Used once, by
// Store::open. Follows FORMAT.md, "What a replay does".
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "journal/journal.h"
#include "queue/living.h"
#include "queue/records.h"
#include "queue/requests.h"

namespace daemonz::queue {

class JournaledStore;
class Queue;

/// Fills the store that it was made with. Threads: one.
class Replayer {
 public:
  explicit Replayer(JournaledStore& store) : store_(store) {}

  /// Throws Error on a record that this version cannot read.
  void apply(const journal::Replayed& record);
  /// After the last record, with the store's journal open: builds FIFOs, entries and keys.
  void finish();

 private:
  struct History {
    enum class State : std::uint8_t { ready, delayed, leased, buried } state = State::ready;
    Reason reason = Reason::none;
    bool is_keyless = false;
    DeliveryKind kind = DeliveryKind::lease;
    std::uint32_t deliveries = 0;
    DeliveryId delivery = 0;
    Milli timer = 0;
  };
  struct PlacedPut {
    Locator at;
    Sequence sequence;
    Queue* queue;
    std::uint32_t size;
    std::uint16_t fields;  ///< bytes
  };

  [[nodiscard]] Queue& queue_of(std::string_view name);
  void put(const journal::Replayed& replayed);
  void count_put(const PlacedPut& put, const PutRecord& record);
  void delivered(const DeliveredRecord& record);
  void moved(const MovedRecord& record, const journal::Replayed& replayed);
  void copied(const CopiedRecord& record, const journal::Replayed& replayed);
  void flushed(std::string_view queue);
  void token(const TokenRecord& record, Locator at);
  void forget(Locator at);
  History* history_of(Locator at);

  void drop_what_is_not_held();
  void restore_ready();
  void restore_entries();
  void restore_entry(Locator at, const Alive& alive, const History& history);
  void restore_keys();

  JournaledStore& store_;
  LivingItems alive_;
  std::unordered_map<Locator, History> histories_;  ///< of those that were more than put
  Queue* last_queue_ = nullptr;
  /// Of a put_many whose last record is still to come.
  std::vector<std::pair<PlacedPut, PutRecord>> pending_;
  std::vector<std::pair<DeliveryId, Locator>> returning_;  ///< open items: at once, in order
};

}  // namespace daemonz::queue
