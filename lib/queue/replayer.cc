#include "queue/replayer.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "queue/journaled_store.h"

namespace daemonz::queue {

void Replayer::apply(const journal::Replayed& replayed) {
  const auto kind = static_cast<RecordKind>(replayed.type);
  if (kind != RecordKind::put) pending_.clear();  // its last record never came: it does not count
  const auto fields = replayed.fields;
  switch (kind) {
    case RecordKind::put: return put(replayed);
    case RecordKind::delivered: return delivered(decode_delivered(fields));
    case RecordKind::done: return forget(decode_done(fields));
    case RecordKind::moved: return moved(decode_moved(fields), replayed);
    case RecordKind::touched: {
      const auto record = decode_touched(fields);
      if (auto* history = history_of(record.at)) history->timer = record.deadline;
      return;
    }
    case RecordKind::flushed: return flushed(fields);
    case RecordKind::paused: {
      const auto record = decode_paused(fields);
      auto& queue = store_.queue_of(record.queue);
      queue.paused_at = record.is_paused ? std::optional(replayed.at) : std::nullopt;
      return;
    }
    case RecordKind::copied: return copied(decode_copied(fields), replayed);
    case RecordKind::token: return token(decode_token(fields), replayed.at);
  }
  if (replayed.type == journal::mark_type) return;
  throw Error({.what = "the log has a record of unknown type " + std::to_string(replayed.type),
               .hint = "It was written by a newer version: start that one"});
}

Queue& Replayer::queue_of(std::string_view name) {
  if (!last_queue_ || last_queue_->name != name) last_queue_ = &store_.queue_of(name);
  return *last_queue_;
}

void Replayer::put(const journal::Replayed& replayed) {
  if (const auto plain = decode_plain_put(replayed.fields)) {
    pending_.clear();
    return alive_.put(replayed.at,
                      Alive{.queue = &queue_of(plain->queue),
                            .order = static_cast<std::int64_t>(replayed.sequence),
                            .size = replayed.body_size,
                            .fields = static_cast<std::uint16_t>(replayed.fields.size()),
                            .priority = plain->priority});
  }
  const auto record = decode_put(replayed.fields);
  auto& queue = queue_of(record.queue);
  const PlacedPut placed{.at = replayed.at,
                         .sequence = replayed.sequence,
                         .queue = &queue,
                         .size = replayed.body_size,
                         .fields = static_cast<std::uint16_t>(replayed.fields.size())};
  if (!record.continues) pending_.clear();
  if (record.more > 0) {
    auto& pending = pending_.emplace_back(placed, record);
    pending.second.queue = {};  // it is a view of bytes that go
    return;
  }
  for (const auto& [each, its_record] : pending_) count_put(each, its_record);
  pending_.clear();
  count_put(placed, record);
}

void Replayer::count_put(const PlacedPut& put, const PutRecord& record) {
  auto& queue = *put.queue;
  if (record.replaces) forget(*record.replaces);
  const bool is_delayed = record.due_at != 0;
  alive_.put(put.at, Alive{.queue = &queue,
                           .order = static_cast<std::int64_t>(put.sequence),
                           .size = put.size,
                           .fields = put.fields,
                           .priority = record.priority,
                           .has_history = is_delayed});
  if (is_delayed)
    histories_.insert_or_assign(put.at,
                                History{.state = History::State::delayed, .timer = record.due_at});
  if (record.unique) queue.unique_keys.insert_or_assign(*record.unique, put.at);
  if (record.id) {
    const auto until = store_.steady_of(record.stored_at) + queue.options.dedupe_window;
    queue.tokens.remember(*record.id, {.until = until, .at = put.at, .logged_at = put.at});
  }
}

Replayer::History* Replayer::history_of(Locator at) {
  auto found = alive_.find(at);
  if (!found) return nullptr;  // it is gone
  if (!std::exchange(found->has_history, true)) alive_.put(at, *found);
  return &histories_[at];
}

void Replayer::delivered(const DeliveredRecord& record) {
  if (record.kind == DeliveryKind::pop) return forget(record.at);
  auto* history = history_of(record.at);
  if (!history) return;
  history->state = History::State::leased;
  history->kind = record.kind;
  history->deliveries = record.deliveries;
  history->delivery = record.delivery;
  history->timer = record.deadline;
}

void Replayer::moved(const MovedRecord& record, const journal::Replayed& replayed) {
  if (!(record.at < replayed.at))
    throw Error(ErrorText{.what = "a record of the log moves an item that comes behind it",
                          .hint = "It was not written by this version: restore a backup"});
  // A plain pop that could not be sent is forgotten here already: the record says all that is
  // needed to have it back.
  const auto order = static_cast<std::int64_t>(replayed.sequence);
  alive_.put(record.at, Alive{.queue = &store_.queue_of(record.queue),
                              .order = record.place == Place::head ? -order : order,
                              .size = record.size,
                              .priority = record.priority,
                              .has_history = true});
  auto& history = histories_[record.at];
  history = {.reason = record.reason,
             .is_keyless = record.is_keyless,
             .deliveries = record.deliveries,
             .timer = record.due_at};
  if (record.place == Place::delayed) history.state = History::State::delayed;
  if (record.place == Place::buried) history.state = History::State::buried;
}

/// The item that was known by another record is known by this one.
void Replayer::copied(const CopiedRecord& record, const journal::Replayed& replayed) {
  forget(record.from);
  const auto& put = record.put;
  auto& queue = store_.queue_of(put.queue);
  if (put.id) queue.tokens.item_moved(*put.id, record.from, replayed.at);
  if (record.state == ItemState::popped) return;  // a moved record would bring it back
  if (put.unique && !queue.is_dead_queue) {
    const auto [held, is_new] = queue.unique_keys.try_emplace(*put.unique, replayed.at);
    if (held->second == record.from) held->second = replayed.at;
  }
  alive_.put(replayed.at, Alive{.queue = &queue,
                                .order = put.order,
                                .size = replayed.body_size,
                                .fields = static_cast<std::uint16_t>(replayed.fields.size()),
                                .priority = put.priority,
                                .has_history = record.has_state});
  if (!record.has_state) return;
  const auto state = record.state == ItemState::delayed  ? History::State::delayed
                     : record.state == ItemState::leased ? History::State::leased
                     : record.state == ItemState::buried ? History::State::buried
                                                         : History::State::ready;
  histories_.insert_or_assign(replayed.at, History{.state = state,
                                                   .reason = record.reason,
                                                   .kind = record.kind,
                                                   .deliveries = record.deliveries,
                                                   .delivery = record.delivery,
                                                   .timer = record.timer});
}

void Replayer::flushed(std::string_view name) {
  auto& queue = store_.queue_of(name);
  alive_.erase_all_of(queue);
  std::erase_if(histories_, [&](const auto& each) { return !alive_.contains(each.first); });
  queue.tokens.clear();
  queue.unique_keys.clear();
}

void Replayer::token(const TokenRecord& record, Locator at) {
  auto& queue = store_.queue_of(record.queue);
  queue.tokens.remember(
      record.id, {.until = store_.steady_of(record.until), .at = record.at, .logged_at = at});
}

void Replayer::forget(Locator at) {
  const auto found = alive_.find(at);
  if (!found) return;
  if (found->has_history) histories_.erase(at);
  alive_.erase(at);
}

void Replayer::finish() {
  pending_.clear();
  drop_what_is_not_held();
  alive_.for_each([&](Locator at, const Alive& alive) {
    if (!alive.has_history) store_.journal_->retain(at, alive.payload());
    alive.queue->figures.bytes += alive.size;
  });
  restore_ready();
  restore_entries();
  restore_keys();
  // Open items come back at once: the newest first, so that they stand in order at the head. The
  // restart counts no delivery.
  std::ranges::sort(returning_, std::greater());
  for (const auto& [delivery, at] : returning_) {
    auto& item = store_.entries_.at(at);
    if (item.deliveries > 0) --item.deliveries;
    store_.place(item, Place::head);
  }
  store_.journal_->end_recovery();
}

void Replayer::drop_what_is_not_held() {
  // A record may outlive its item's segment; then the item had been settled.
  const auto is_held = [&](std::uint32_t number) { return store_.journal_->holds({number, 0}); };
  alive_.erase_segments_unless(is_held);
  std::erase_if(histories_, [&](const auto& each) { return !is_held(each.first.segment); });
}

/// The items that were only put stand in order already, but for those that were copied later: these
/// and the ones with a history are sorted, and put between the others.
void Replayer::restore_ready() {
  struct Ready {
    std::int64_t order;
    Locator at;
    Queue* queue;
    std::uint8_t priority;
  };
  std::vector<Ready> others;
  for (const auto& [at, history] : histories_) {
    const auto alive = alive_.find(at).value();
    if (history.state == History::State::ready)
      others.push_back({alive.order, at, alive.queue, alive.priority});
  }
  const auto walk = [&](auto&& visit_in_order, auto&& visit_other) {
    auto newest = INT64_MIN;
    alive_.for_each([&](Locator at, const Alive& alive) {
      if (alive.has_history) return;
      const Ready ready{alive.order, at, alive.queue, alive.priority};
      if (ready.order < newest) return visit_other(ready);
      newest = ready.order;
      visit_in_order(ready);
    });
  };
  walk([](const Ready&) {}, [&](const Ready& ready) { others.push_back(ready); });
  std::ranges::sort(others, {}, &Ready::order);
  const auto push = [&](const Ready& ready) {
    store_.push_ready(*ready.queue, ready.priority, ready.at, JournaledStore::End::tail);
  };
  auto next = others.begin();
  walk(
      [&](const Ready& ready) {
        for (; next != others.end() && next->order < ready.order; ++next) push(*next);
        push(ready);
      },
      [](const Ready&) {});
  for (; next != others.end(); ++next) push(*next);
}

void Replayer::restore_entries() {
  for (const auto& [at, history] : histories_) restore_entry(at, alive_.find(at).value(), history);
}

void Replayer::restore_entry(Locator at, const Alive& alive, const History& history) {
  const auto record = store_.read(at);
  if (!record)
    throw Error({.what = "cannot read a stored item", .where = store_.journal_->failure()});
  store_.journal_->retain(at, record->payload);
  auto& item = store_.add_entry(*alive.queue, at, *record);
  item.priority = alive.priority;
  if (history.is_keyless) item.unique.reset();
  item.order = alive.order;
  item.deliveries = history.deliveries;
  item.reason = history.reason;
  switch (history.state) {
    case History::State::ready: item.state = ItemState::ready; return;
    case History::State::delayed:
      return store_.stand(item, Place::delayed, store_.steady_of(history.timer));
    case History::State::buried: return store_.stand(item, Place::buried, {});
    case History::State::leased: break;
  }
  if (history.kind == DeliveryKind::open && history.timer == 0)
    return returning_.emplace_back(history.delivery, at), void();
  item.state = ItemState::leased;
  item.delivery = history.delivery;
  item.kind = history.kind;
  ++alive.queue->figures.leased;
  store_.deliveries_.emplace(item.delivery, &item);
  auto deadline = store_.steady_of(history.timer);
  if (history.kind != DeliveryKind::lease) {
    item.own_end = deadline;
    deadline = std::min(deadline, store_.clock_.steady() + store_.options_.takeover_time);
  }
  store_.set_timer(item, deadline);
}

void Replayer::restore_keys() {
  const auto now = store_.clock_.steady();
  const auto lives_in = [&](const Queue& queue, Locator at) {
    const auto found = alive_.find(at);
    return found && found->queue == &queue;
  };
  for (auto& [name, queue] : store_.queues_) {
    std::erase_if(queue->unique_keys, [&, &in = *queue](const auto& held) {
      const auto entry = store_.entries_.find(held.second);
      const bool has_lost_it = entry != store_.entries_.end() && !entry->second.unique;
      return has_lost_it || !lives_in(in, held.second);
    });
    std::erase_if(queue->tokens.all(),
                  [&](const auto& token) { return token.second.until <= now; });
    for (auto& [id, token] : queue->tokens.all()) {
      if (!lives_in(*queue, token.at)) token.at = {};
      store_.journal_->retain(token.logged_at, token_size(name));
    }
    if (queue->paused_at) store_.journal_->retain(*queue->paused_at, paused_size(name));
  }
  // An item that came to another queue brought its key with it.
  for (auto& [at, item] : store_.entries_) store_.claim_keys(item);
}

}  // namespace daemonz::queue
