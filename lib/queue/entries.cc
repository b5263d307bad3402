// Items with an entry: deliveries, timers, returns, dead queues.
#include <algorithm>

#include "base/check.h"
#include "queue/journaled_store.h"

namespace daemonz::queue {
namespace {

/// Tokens whose time is over keep their segments at most so much longer, once a turn comes.
constexpr Milliseconds token_pause{1'000};

}  // namespace

Item& JournaledStore::add_entry(Queue& queue, Locator at, const PutRecord& record) {
  const auto [entry, is_new] = entries_.try_emplace(at);
  auto& item = entry->second;
  if (!is_new) return item;
  item = {.at = at,
          .sequence = record.sequence,
          .order = record.order,
          .size = static_cast<std::uint32_t>(record.body.size()),
          .payload = record.payload,
          .max_deliveries = record.max_deliveries,
          .priority = record.priority,
          .id = record.id,
          .unique = record.unique,
          .queue = &queue};
  return item;
}

Item* JournaledStore::find_delivery(const Delivery& delivery) const {
  const auto found = deliveries_.find(delivery.id);
  if (found == deliveries_.end() || found->second->queue->name != delivery.queue.text())
    return nullptr;
  return found->second;
}

void JournaledStore::set_timer(Item& item, SteadyTime at) {
  clear_timer(item);
  item.timer = at;
  timers_.insert({at, item.sequence, &item});
}

void JournaledStore::clear_timer(Item& item) {
  if (item.timer) timers_.erase({*item.timer, item.sequence, &item});
  item.timer.reset();
}

void JournaledStore::bind(Item& item, ConnectionId connection) {
  if (connection == 0) return;
  item.connection = connection;
  connections_[connection].insert(item.delivery);
  ++item.queue->figures.open_now;
}

void JournaledStore::end_delivery(Item& item) {
  DAEMONZ_CHECK(item.state == ItemState::leased, "only a delivery ends");
  if (item.connection != 0) {
    const auto bound = connections_.find(item.connection);
    bound->second.erase(item.delivery);
    if (bound->second.empty()) connections_.erase(bound);
    --item.queue->figures.open_now;
  }
  deliveries_.erase(item.delivery);
  clear_timer(item);
  --item.queue->figures.leased;
  item.delivery = 0;
  item.connection = 0;
  item.own_end.reset();
}

/// The item counts in its queue again; nothing is logged.
void JournaledStore::stand(Item& item, Place place, SteadyTime due) {
  auto& queue = *item.queue;
  switch (place) {
    case Place::head:
    case Place::tail:
      item.state = ItemState::ready;
      push_ready(queue, item.priority, item.at, place == Place::head ? End::head : End::tail);
      break;
    case Place::delayed:
      item.state = ItemState::delayed;
      ++queue.figures.delayed;
      set_timer(item, due);
      break;
    case Place::buried:
      item.state = ItemState::buried;
      ++queue.figures.buried;
      queue.buried.emplace(item.sequence, &item);
      break;
  }
}

bool JournaledStore::place(Item& item, Place place, SteadyTime due) {
  const bool is_logged = log_move(item, place, due);
  stand(item, place, due);
  return is_logged;
}

bool JournaledStore::log_move(Item& item, Place place, SteadyTime due) {
  const auto fields = encode(MovedRecord{.at = item.at,
                                         .sequence = item.sequence,
                                         .due_at = place == Place::delayed ? wall_of(due) : 0,
                                         .deliveries = item.deliveries,
                                         .size = item.size,
                                         .place = place,
                                         .is_keyless = !item.unique,
                                         .priority = item.priority,
                                         .reason = item.reason,
                                         .queue = item.queue->name});
  const bool is_logged = journal_->make_room_for_move(fields.view().size()) &&
                         append(RecordKind::moved, fields, journal::Commit::rides);
  const auto newest = static_cast<std::int64_t>(journal_->appended());
  item.order = place == Place::head ? -newest : newest;
  return is_logged;
}

bool JournaledStore::return_counted(Item& item, Milliseconds delay) {
  end_delivery(item);
  const auto& options = item.queue->options;
  const auto limit = item.max_deliveries > 0 ? item.max_deliveries : options.max_deliveries;
  if (!item.queue->is_dead_queue && limit > 0 && item.deliveries >= limit)
    return move_to_dead(item, Reason::deliveries);
  if (delay > Milliseconds(0)) return place(item, Place::delayed, clock_.steady() + delay);
  return place(item, Place::head);
}

/// An item that is in no state: its delivery has ended.
bool JournaledStore::move_to_dead(Item& item, Reason reason) {
  auto& queue = *item.queue;
  if (queue.is_dead_queue) return place(item, Place::head);  // it feeds no further one
  if (!queue.options.dead_letter) {
    ++queue.figures.discarded;
    const auto at = append(RecordKind::done, encode_done(item.at), commit_of(queue));
    forget(item);
    return at.has_value();
  }
  ++queue.figures.dead;
  item.reason = reason;
  move_to_queue(item, queue_of(queue.name + ".dead"));
  return place(item, Place::tail);
}

void JournaledStore::move_to_queue(Item& item, Queue& queue) {
  auto& from = *item.queue;
  free_keys(from, item.at, item.id, item.unique);
  from.figures.bytes -= item.size;
  queue.figures.bytes += item.size;
  ++queue.figures.total;
  item.queue = &queue;
  claim_keys(item);
}

/// The item is no more; the log knows already. It is in no state.
void JournaledStore::forget(Item& item) {
  free_keys(*item.queue, item.at, item.id, item.unique);
  item.queue->figures.bytes -= item.size;
  drop_entry(item);
}

void JournaledStore::drop_entry(Item& item) {
  const auto at = item.at;
  journal_->release(at, item.payload);
  entries_.erase(at);
}

void JournaledStore::free_keys(Queue& queue, Locator at, const std::optional<KeyHash>& id,
                               const std::optional<KeyHash>& unique) {
  if (id) queue.tokens.item_gone(*id, at);
  if (!unique) return;
  const auto held = queue.unique_keys.find(*unique);
  if (held != queue.unique_keys.end() && held->second == at) queue.unique_keys.erase(held);
}

/// Its retry token (if it is remembered) and its unique key (if it is free; in a dead queue it
/// holds none) lead to it.
void JournaledStore::claim_keys(Item& item) {
  auto& queue = *item.queue;
  auto* token = item.id ? queue.tokens.find(*item.id, clock_.steady()) : nullptr;
  if (token && token->at == Locator{}) token->at = item.at;
  if (!item.unique || queue.is_dead_queue) return;
  const auto holder = queue.unique_keys.try_emplace(*item.unique, item.at).first->second;
  if (holder != item.at) item.unique.reset();
}

/// What a copy says of it beside its put.
void JournaledStore::describe(const Item& item, CopiedRecord& record) const {
  record.put.priority = item.priority;
  record.put.unique = item.unique;
  record.put.order = item.order;
  record.state = item.state;
  record.reason = item.reason;
  record.kind = item.kind;
  record.deliveries = item.deliveries;
  record.delivery = item.delivery;
  // A lease that waits to be taken over: the next start cuts it anew.
  const auto end = item.own_end ? item.own_end : item.timer;
  record.timer = end ? wall_of(*end) : 0;
}

/// From now on the item (`record` as it was read) is known by the place of its copy.
void JournaledStore::is_at(Queue& queue, const PutRecord& record, Item* item, Locator at,
                           std::uint32_t payload) {
  const auto from = record.at;
  const auto& id = record.id;
  const auto& unique = item ? item->unique : record.unique;
  if (id) queue.tokens.item_moved(*id, from, at);
  if (unique) {
    const auto held = queue.unique_keys.find(*unique);
    if (held != queue.unique_keys.end() && held->second == from) held->second = at;
  }
  if (!item) return;
  auto node = entries_.extract(from);
  node.key() = item->at = at;
  item->payload = payload;
  entries_.insert(std::move(node));
}

// --- finishing a delivery

SettleResult JournaledStore::acknowledge(const Delivery& delivery) {
  if (is_failed()) return {Settled::failed};
  auto* item = find_delivery(delivery);
  if (!item) return {Settled::gone};
  auto& queue = *item->queue;
  if (!append(RecordKind::done, encode_done(item->at), commit_of(queue))) return not_logged();
  end_delivery(*item);
  forget(*item);
  return settled(queue, true);
}

SettleResult JournaledStore::release(const Delivery& delivery, Milliseconds delay) {
  if (is_failed()) return {Settled::failed};
  auto* item = find_delivery(delivery);
  if (!item) return {Settled::gone};
  auto& queue = *item->queue;
  ++queue.figures.canceled;
  const bool is_logged = return_counted(*item, delay);
  return settled(queue, is_logged);
}

SettleResult JournaledStore::release_uncounted(const Delivery& delivery) {
  if (is_failed()) return {Settled::failed};
  auto* item = find_delivery(delivery);
  if (!item) return {Settled::gone};
  auto& queue = *item->queue;
  ++queue.figures.canceled;
  end_delivery(*item);
  if (item->deliveries > 0) --item->deliveries;
  const bool is_logged = place(*item, Place::head);
  return settled(queue, is_logged);
}

SettleResult JournaledStore::reject(const Delivery& delivery) {
  if (is_failed()) return {Settled::failed};
  auto* item = find_delivery(delivery);
  if (!item) return {Settled::gone};
  auto& queue = *item->queue;
  end_delivery(*item);
  const bool is_logged = move_to_dead(*item, Reason::rejected);
  return settled(queue, is_logged);
}

SettleResult JournaledStore::bury(const Delivery& delivery) {
  if (is_failed()) return {Settled::failed};
  auto* item = find_delivery(delivery);
  if (!item) return {Settled::gone};
  auto& queue = *item->queue;
  end_delivery(*item);
  const bool is_logged = place(*item, Place::buried);
  return settled(queue, is_logged);
}

SettleResult JournaledStore::touch(const Delivery& delivery, Milliseconds lease,
                                   ConnectionId connection) {
  if (is_failed()) return {Settled::failed};
  auto* item = find_delivery(delivery);
  if (!item) return {Settled::gone};
  if (std::exchange(item->own_end, std::nullopt)) bind(*item, connection);
  set_timer(*item, clock_.steady() + std::min(lease, item->queue->options.lease_max));
  if (journal_->has_room_for_passing())
    append(RecordKind::touched,
           encode(TouchedRecord{.at = item->at, .deadline = wall_of(*item->timer)}),
           journal::Commit::rides);
  return {Settled::done};
}

void JournaledStore::connection_lost(ConnectionId connection) {
  const auto bound = connections_.find(connection);
  if (bound == connections_.end()) return;
  const auto ids = bound->second;  // a copy: each return removes its own
  // The newest first: each goes to the head, so that in the end they stand in their old order.
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    auto& item = *deliveries_.at(*id);
    ++item.queue->figures.canceled;
    return_counted(item, item.queue->options.retry_delay);
  }
}

void JournaledStore::advance() {
  const auto now = clock_.steady();
  if (now >= tokens_forgotten_at_ + token_pause) {
    tokens_forgotten_at_ = now;
    for (auto& [name, queue] : queues_) forget_tokens(*queue);
  }
  while (!timers_.empty() && timers_.begin()->at <= now) {
    auto& item = *timers_.begin()->item;
    if (item.state == ItemState::delayed) {
      clear_timer(item);
      --item.queue->figures.delayed;
      place(item, Place::tail);
    } else if (item.own_end) {  // a restart of the server counts no delivery
      end_delivery(item);
      if (item.deliveries > 0) --item.deliveries;
      place(item, Place::head);
    } else {
      return_counted(item, item.queue->options.retry_delay);
    }
  }
  cleaner_.work();
}

std::optional<SteadyTime> JournaledStore::next_deadline() const {
  if (cleaner_.goes_on()) return clock_.steady();
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->at;
}

}  // namespace daemonz::queue
