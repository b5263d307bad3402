// Items with an entry: deliveries, timers, returns, dead queues, and what an operator does to them.
#include <algorithm>

#include "base/check.h"
#include "queue/journaled_store.h"

namespace daemonz::queue {

Item& JournaledStore::add_entry(Queue& queue, Locator at, const PutRecord& record) {
  const auto [entry, is_new] = entries_.try_emplace(at);
  auto& item = entry->second;
  if (!is_new) return item;
  item = {.at = at,
          .sequence = record.sequence,
          .size = static_cast<std::uint32_t>(record.body.size()),
          .max_deliveries = record.max_deliveries,
          .priority = record.priority,
          .id = record.id,
          .unique = record.unique,
          .queue = &queue};
  return item;
}

Item* JournaledStore::find_delivery(const Delivery& delivery) {
  const auto found = deliveries_.find(delivery.id);
  if (found == deliveries_.end() || found->second->queue->name != delivery.queue.text())
    return nullptr;
  return found->second;
}

void JournaledStore::set_timer(Item& item, SteadyTime at) {
  clear_timer(item);
  item.timer = at;
  timers_.insert({at, item.at});
}

void JournaledStore::clear_timer(Item& item) {
  if (item.timer) timers_.erase({*item.timer, item.at});
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
  item.awaits_takeover = false;
}

/// The item counts in its queue again; nothing is logged.
void JournaledStore::stand(Item& item, Place place, SteadyTime due) {
  auto& queue = *item.queue;
  switch (place) {
    case Place::head:
    case Place::tail:
      item.state = ItemState::ready;
      push_ready(queue, item.priority, item.at,
                 place == Place::head ? Fifo::End::head : Fifo::End::tail);
      break;
    case Place::delayed:
      item.state = ItemState::delayed;
      ++queue.figures.delayed;
      set_timer(item, due);
      break;
    case Place::buried:
      item.state = ItemState::buried;
      ++queue.figures.buried;
      queue.buried.emplace(item.sequence, item.at);
      break;
  }
}

void JournaledStore::place(Item& item, Place place, SteadyTime due) {
  log_move(item, place, due);
  stand(item, place, due);
}

void JournaledStore::log_move(const Item& item, Place place, SteadyTime due) {
  append(RecordKind::moved,
         encode(MovedRecord{.at = item.at,
                            .sequence = item.sequence,
                            .due_at = place == Place::delayed ? wall_of(due) : 0,
                            .deliveries = item.deliveries,
                            .size = item.size,
                            .place = place,
                            .priority = item.priority,
                            .reason = item.reason,
                            .queue = item.queue->name}),
         journal::Commit::rides);
}

void JournaledStore::return_counted(Item& item, Milliseconds delay) {
  end_delivery(item);
  const auto& options = item.queue->options;
  const auto limit = item.max_deliveries > 0 ? item.max_deliveries : options.max_deliveries;
  if (!item.queue->is_dead_queue && limit > 0 && item.deliveries >= limit)
    return move_to_dead(item, Reason::deliveries);
  if (delay > Milliseconds(0)) return place(item, Place::delayed, clock_.steady() + delay);
  place(item, Place::head);
}

/// An item that is in no state: its delivery has ended.
void JournaledStore::move_to_dead(Item& item, Reason reason) {
  auto& queue = *item.queue;
  if (queue.is_dead_queue) return place(item, Place::head);  // it feeds no further one
  if (!queue.options.dead_letter) {
    ++queue.figures.discarded;
    append(RecordKind::done, encode_done(item.at), commit_of(queue));
    return forget(item);
  }
  ++queue.figures.dead;
  item.reason = reason;
  move_to_queue(item, queue_of(queue.name + ".dead"));
  place(item, Place::tail);
}

void JournaledStore::move_to_queue(Item& item, Queue& queue) {
  auto& from = *item.queue;
  free_keys(from, item.at, std::nullopt, item.unique);
  if (queue.is_dead_queue || queue.unique_keys.contains(item.unique.value_or(KeyHash{})))
    item.unique.reset();
  if (item.unique) queue.unique_keys.emplace(*item.unique, item.at);
  from.figures.bytes -= item.size;
  queue.figures.bytes += item.size;
  ++queue.figures.total;
  item.queue = &queue;
}

/// The item is no more; the log knows already. It is in no state.
void JournaledStore::forget(Item& item) {
  const auto at = item.at;
  free_keys(*item.queue, at, item.id, item.unique);
  item.queue->figures.bytes -= item.size;
  entries_.erase(at);
  journal_->release(at);
}

void JournaledStore::free_keys(Queue& queue, Locator at, const std::optional<KeyHash>& id,
                               const std::optional<KeyHash>& unique) {
  if (id) queue.tokens.item_gone(*id, at);
  if (!unique) return;
  const auto held = queue.unique_keys.find(*unique);
  if (held != queue.unique_keys.end() && held->second == at) queue.unique_keys.erase(held);
}

// --- finishing a delivery

SettleResult JournaledStore::acknowledge(const Delivery& delivery) {
  if (is_failed()) return {Settled::failed};
  auto* item = find_delivery(delivery);
  if (!item) return {Settled::gone};
  auto& queue = *item->queue;
  if (!append(RecordKind::done, encode_done(item->at), commit_of(queue))) return {Settled::failed};
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
  return_counted(*item, delay);
  return settled(queue, !is_failed());
}

SettleResult JournaledStore::release_uncounted(const Delivery& delivery) {
  if (is_failed()) return {Settled::failed};
  auto* item = find_delivery(delivery);
  if (!item) return {Settled::gone};
  auto& queue = *item->queue;
  ++queue.figures.canceled;
  end_delivery(*item);
  if (item->deliveries > 0) --item->deliveries;
  place(*item, Place::head);
  return settled(queue, !is_failed());
}

SettleResult JournaledStore::reject(const Delivery& delivery) {
  if (is_failed()) return {Settled::failed};
  auto* item = find_delivery(delivery);
  if (!item) return {Settled::gone};
  auto& queue = *item->queue;
  end_delivery(*item);
  move_to_dead(*item, Reason::rejected);
  return settled(queue, !is_failed());
}

SettleResult JournaledStore::bury(const Delivery& delivery) {
  if (is_failed()) return {Settled::failed};
  auto* item = find_delivery(delivery);
  if (!item) return {Settled::gone};
  auto& queue = *item->queue;
  end_delivery(*item);
  place(*item, Place::buried);
  return settled(queue, !is_failed());
}

SettleResult JournaledStore::touch(const Delivery& delivery, Milliseconds lease,
                                   ConnectionId connection) {
  if (is_failed()) return {Settled::failed};
  auto* item = find_delivery(delivery);
  if (!item) return {Settled::gone};
  if (std::exchange(item->awaits_takeover, false)) bind(*item, connection);
  set_timer(*item, clock_.steady() + std::min(lease, item->queue->options.lease_max));
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
  while (!timers_.empty() && timers_.begin()->at <= now) {
    auto& item = entries_.at(timers_.begin()->item);
    if (item.state == ItemState::delayed) {
      clear_timer(item);
      --item.queue->figures.delayed;
      place(item, Place::tail);
    } else if (item.awaits_takeover) {  // a restart of the server counts no delivery
      end_delivery(item);
      if (item.deliveries > 0) --item.deliveries;
      place(item, Place::head);
    } else {
      return_counted(item, item.queue->options.retry_delay);
    }
  }
}

std::optional<SteadyTime> JournaledStore::next_deadline() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->at;
}

// --- steering

/// Takes the item out of whatever state it is in, and out of the log.
bool JournaledStore::remove(Item& item) {
  auto& queue = *item.queue;
  if (!append(RecordKind::done, encode_done(item.at), commit_of(queue))) return false;
  switch (item.state) {
    case ItemState::ready:
      removed_ready_.insert(item.at);
      --queue.ready_counts[item.priority];
      --queue.figures.ready;
      break;
    case ItemState::delayed:
      clear_timer(item);
      --queue.figures.delayed;
      break;
    case ItemState::leased: end_delivery(item); break;
    case ItemState::buried:
      queue.buried.erase(item.sequence);
      --queue.figures.buried;
      break;
  }
  forget(item);
  return true;
}

SettleResult JournaledStore::remove_item(Queue& queue, Locator at) {
  const auto record = read(at);
  if (!record) return {Settled::failed};
  const bool is_removed = remove(add_entry(queue, at, *record));
  return settled(queue, is_removed);
}

SettleResult JournaledStore::remove_by_id(const QueueName& name, const KeyHash& id) {
  if (is_failed()) return {Settled::failed};
  auto* queue = find_queue(name.text());
  const auto* token = queue ? queue->tokens.find(id, clock_.steady()) : nullptr;
  if (!token || token->at == Locator{}) return {Settled::gone};
  const auto entry = entries_.find(token->at);
  if (entry != entries_.end() && entry->second.queue != queue) return {Settled::gone};
  return remove_item(*queue, token->at);
}

SettleResult JournaledStore::remove_by_unique(const QueueName& name, const KeyHash& unique) {
  if (is_failed()) return {Settled::failed};
  auto* queue = find_queue(name.text());
  if (!queue) return {Settled::gone};
  const auto held = queue->unique_keys.find(unique);
  if (held == queue->unique_keys.end()) return {Settled::gone};
  return remove_item(*queue, held->second);
}

SettleResult JournaledStore::remove_by_sequence(const QueueName& name, Sequence sequence) {
  if (is_failed()) return {Settled::failed};
  auto* queue = find_queue(name.text());
  if (!queue) return {Settled::gone};
  for (auto& [at, item] : entries_)
    if (item.queue == queue && item.sequence == sequence) return settled(*queue, remove(item));
  // No index of ready items: an operator's command may read them all.
  std::optional<Locator> found;
  for (const auto& fifo : queue->ready)
    fifo.for_each([&](Locator at) {
      if (found || removed_ready_.contains(at)) return;
      if (const auto record = read(at); record && record->sequence == sequence) found = at;
    });
  return found ? remove_item(*queue, *found) : SettleResult{Settled::gone};
}

void JournaledStore::empty(Queue& queue) {
  std::vector<Item*> others;
  for (auto& [at, item] : entries_)
    if (item.queue == &queue && item.state != ItemState::ready) others.push_back(&item);
  for (auto* item : others) {
    if (item->state == ItemState::leased) end_delivery(*item);
    clear_timer(*item);
    const auto at = item->at;
    entries_.erase(at);
    journal_->release(at);
  }
  for (auto& fifo : queue.ready) {
    fifo.for_each([&](Locator at) {
      if (removed_ready_.erase(at) > 0) return;
      entries_.erase(at);
      journal_->release(at);
    });
    fifo.clear();
  }
  queue.ready_counts.fill(0);
  queue.buried.clear();
  queue.unique_keys.clear();
  queue.tokens.clear();
  auto& figures = queue.figures;
  figures.ready = figures.delayed = figures.leased = figures.buried = figures.bytes = 0;
  ++figures.flushes;
}

SettleResult JournaledStore::flush_queue(const QueueName& name) {
  if (is_failed()) return {Settled::failed};
  auto* queue = find_queue(name.text());
  if (!queue) return {Settled::gone};
  if (!append(RecordKind::flushed, encode_flushed(queue->name), commit_of(*queue)))
    return {Settled::failed};
  empty(*queue);
  return settled(*queue, true);
}

SettleResult JournaledStore::drop_queue(const QueueName& name) {
  auto result = flush_queue(name);
  auto* queue = find_queue(name.text());
  if (result.outcome != Settled::done || queue->unsent_pops > 0 || queue->paused_at) return result;
  std::erase(newly_ready_, queue);
  queues_.erase(queue->name);
  return result;
}

SettleResult JournaledStore::flush_all() {
  if (is_failed()) return {Settled::failed};
  for (auto& [name, queue] : queues_) {
    if (!append(RecordKind::flushed, encode_flushed(name), commit_of(*queue)))
      return {Settled::failed};
    empty(*queue);
  }
  return {Settled::done, wait_for_all()};
}

SettleResult JournaledStore::pause(const QueueName& name) {
  if (is_failed()) return {Settled::failed};
  auto& queue = queue_of(name.text());
  const auto fields = encode(PausedRecord{.queue = queue.name, .is_paused = true});
  queue.paused_at = append(RecordKind::paused, fields, commit_of(queue));
  return settled(queue, queue.paused_at.has_value());
}

SettleResult JournaledStore::resume(const QueueName& name) {
  if (is_failed()) return {Settled::failed};
  auto* queue = find_queue(name.text());
  if (!queue || !queue->paused_at) return {Settled::gone};
  const auto fields = encode(PausedRecord{.queue = queue->name, .is_paused = false});
  if (!append(RecordKind::paused, fields, commit_of(*queue))) return {Settled::failed};
  queue->paused_at.reset();
  if (queue->figures.ready > 0 && !std::exchange(queue->is_newly_ready, true))
    newly_ready_.push_back(queue);
  return settled(*queue, true);
}

SettleResult JournaledStore::kick(const QueueName& name, std::uint64_t count) {
  if (is_failed()) return {Settled::failed};
  auto* queue = find_queue(name.text());
  if (!queue) return {Settled::gone};
  std::uint64_t kicked = 0;
  for (; kicked < count && !queue->buried.empty(); ++kicked) {
    auto& item = entries_.at(queue->buried.begin()->second);
    queue->buried.erase(queue->buried.begin());
    --queue->figures.buried;
    item.deliveries = 0;
    place(item, Place::tail);
  }
  constexpr std::string_view dead_suffix = ".dead";
  for (; queue->is_dead_queue && kicked < count; ++kicked) {
    const auto found = first_ready_of(*queue, priority_first, priority_last);
    if (!found) break;
    auto& item = add_entry(*queue, found->at, found->record);
    pop_ready(*queue, found->priority);
    item.deliveries = 0;
    item.reason = Reason::none;
    const auto origin = queue->name.substr(0, queue->name.size() - dead_suffix.size());
    move_to_queue(item, queue_of(origin));
    place(item, Place::tail);
  }
  if (kicked == 0) return {Settled::gone};
  return settled(*queue, !is_failed());
}

}  // namespace daemonz::queue
