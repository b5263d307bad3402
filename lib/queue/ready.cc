// Ready items: their FIFOs, and handing them out.
#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "queue/journaled_store.h"

namespace daemonz::queue {
namespace {

DeliveryKind kind_of(TakeRequest::Mode mode) {
  switch (mode) {
    case TakeRequest::Mode::pop: return DeliveryKind::pop;
    case TakeRequest::Mode::lease: return DeliveryKind::lease;
    case TakeRequest::Mode::open: return DeliveryKind::open;
    case TakeRequest::Mode::open_lease: return DeliveryKind::open_lease;
  }
  DAEMONZ_CHECK(false, "all modes are listed");
}

std::uint64_t count_ready(const Queue& queue, Priority min, Priority max) {
  const auto first = queue.ready_counts.begin();
  return std::accumulate(first + min.level, first + max.level + 1, std::uint64_t{0});
}

}  // namespace

void JournaledStore::push_ready(Queue& queue, std::uint8_t priority, Locator at, End end) {
  queue.ready[priority].push(at, end);
  ++queue.ready_counts[priority];
  ++queue.figures.ready;
  if (!std::exchange(queue.is_newly_ready, true)) newly_ready_.push_back(&queue);
}

void JournaledStore::pop_ready(Queue& queue, std::uint8_t priority) {
  queue.ready[priority].pop_front();
  --queue.ready_counts[priority];
  --queue.figures.ready;
}

std::optional<PutRecord> JournaledStore::read(Locator at) {
  const auto record = journal_->read(at, scratch_);
  if (!record) return std::nullopt;
  PutRecord put;
  if (record->header.type == static_cast<journal::RecordType>(RecordKind::copied)) {
    put = decode_copied(record->fields).put;
  } else {
    put = decode_put(record->fields);
    put.sequence = record->header.sequence;
    put.order = static_cast<std::int64_t>(put.sequence);
  }
  put.body = record->body;
  put.at = at;
  put.payload = static_cast<std::uint32_t>(record->header.payload_size());
  return put;
}

std::optional<JournaledStore::Found> JournaledStore::first_ready(const TakeRequest& request) {
  std::uint64_t better_ready = 0;
  for (const auto& name : request.queues) {
    auto* queue = find_queue(name.text());
    if (!queue || queue->paused_at) continue;
    if (auto found = first_ready_of(*queue, request.priority_min, request.priority_max)) {
      found->better_ready = better_ready;
      return found;
    }
    if (is_failed()) return std::nullopt;
    better_ready += count_ready(*queue, request.priority_min, request.priority_max);
  }
  return std::nullopt;
}

std::optional<JournaledStore::Found> JournaledStore::first_ready_of(Queue& queue, Priority min,
                                                                    Priority max) {
  const auto now = unix_milliseconds(clock_.wall());
  for (auto level = min.level; level <= max.level; ++level) {
    auto& fifo = queue.ready[level];
    while (!fifo.is_empty()) {
      const auto at = fifo.front();
      if (!removed_ready_.empty() && removed_ready_.erase(at) > 0) {
        fifo.pop_front();  // it was subtracted from the counts when it was removed
        continue;
      }
      const auto record = read(at);
      if (!record) return std::nullopt;
      Found found{.queue = &queue, .priority = level, .at = at, .record = *record};
      if (!is_expired(*record, now)) return found;
      expire(found);
    }
  }
  return std::nullopt;
}

/// Once: where expire_to brought an item, it stays.
bool JournaledStore::is_expired(const PutRecord& record, Milli now) const {
  if (record.expires_at == 0 || record.expires_at > now) return false;
  const auto entry = entries_.find(record.at);
  return entry == entries_.end() || entry->second.reason != Reason::expired;
}

void JournaledStore::expire(const Found& found) {
  auto& queue = *found.queue;
  auto& item = add_entry(queue, found.at, found.record);
  pop_ready(queue, found.priority);
  ++queue.figures.expired;
  const bool moves = !queue.options.expire_to.empty() && !queue.is_dead_queue &&
                     queue.options.expire_to != queue.name;
  if (!moves) {
    append(RecordKind::done, encode_done(found.at), journal::Commit::rides);
    forget(item);
    return;
  }
  item.reason = Reason::expired;
  move_to_queue(item, queue_of(queue.options.expire_to));
  place(item, Place::tail);
}

void JournaledStore::discard_oldest(Queue& queue) {
  const auto found = first_ready_of(queue, priority_first, priority_last);
  if (!found) return;  // they were all expired
  auto& item = add_entry(queue, found->at, found->record);
  pop_ready(queue, found->priority);
  ++queue.figures.discarded;
  append(RecordKind::done, encode_done(found->at), journal::Commit::rides);
  forget(item);
}

std::optional<Taken> JournaledStore::peek(const TakeRequest& request) {
  if (is_failed()) return std::nullopt;
  const auto found = first_ready(request);
  if (!found) return std::nullopt;
  return Taken{.queue = found->queue->name,
               .body = found->record.body,
               .flags = found->record.flags,
               .delivery = found->record.sequence,
               .sequence = found->record.sequence,
               .better_ready = found->better_ready};
}

std::optional<Taken> JournaledStore::take(const TakeRequest& request) {
  if (is_failed()) return std::nullopt;
  const auto found = first_ready(request);
  if (!found) return std::nullopt;
  auto& queue = *found->queue;
  const auto& record = found->record;
  pop_ready(queue, found->priority);
  queue.figures.last_age =
      Milliseconds(std::max<Milli>(0, unix_milliseconds(clock_.wall()) - record.stored_at));
  Taken taken{.queue = queue.name,
              .body = record.body,
              .flags = record.flags,
              .delivery = ++last_delivery_,
              .sequence = record.sequence,
              .better_ready = found->better_ready};
  const bool is_in_scratch = record.body.data() >= scratch_.data() &&
                             record.body.data() <= scratch_.data() + scratch_.size();
  if (request.mode == TakeRequest::Mode::pop)
    taken.unsent = pop(*found, taken);
  else
    lease(*found, request, taken);
  if (taken.deliveries > 1) ++queue.figures.redelivered;
  if (is_in_scratch) return taken;
  const auto again = read(found->at);  // the append may have moved the journal's memory on
  if (!again) return std::nullopt;
  taken.body = again->body;
  return taken;
}

Unsent JournaledStore::pop(const Found& found, Taken& taken) {
  auto& queue = *found.queue;
  auto& item = add_entry(queue, found.at, found.record);
  item.state = ItemState::popped;
  free_keys(queue, found.at, item.id, item.unique);
  queue.figures.bytes -= item.size;
  ++queue.unsent_pops;
  taken.deliveries = item.deliveries + 1;
  if (has_room_for_delivery())
    append(RecordKind::delivered,
           encode(DeliveredRecord{.at = found.at,
                                  .delivery = taken.delivery,
                                  .deliveries = taken.deliveries,
                                  .kind = DeliveryKind::pop}),
           journal::Commit::rides);
  return {.queue = &queue, .item = &item};
}

void JournaledStore::lease(const Found& found, const TakeRequest& request, Taken& taken) {
  auto& queue = *found.queue;
  auto& item = add_entry(queue, found.at, found.record);
  item.state = ItemState::leased;
  item.delivery = taken.delivery;
  item.kind = kind_of(request.mode);
  taken.deliveries = ++item.deliveries;
  ++queue.figures.leased;
  deliveries_.emplace(item.delivery, &item);
  const auto mode = request.mode;
  if (mode != TakeRequest::Mode::lease) {
    bind(item, request.connection);
    ++queue.figures.opened;
  }
  Milli deadline = 0;
  if (mode != TakeRequest::Mode::open) {
    const auto length =
        std::min(request.lease.value_or(queue.options.lease_default), queue.options.lease_max);
    set_timer(item, clock_.steady() + length);
    deadline = wall_of(*item.timer);
  }
  if (has_room_for_delivery())
    append(RecordKind::delivered,
           encode(DeliveredRecord{.at = found.at,
                                  .delivery = taken.delivery,
                                  .deadline = deadline,
                                  .deliveries = item.deliveries,
                                  .kind = item.kind}),
           journal::Commit::rides);
}

Milliseconds JournaledStore::oldest_age(const Queue& queue) {
  const auto now = unix_milliseconds(clock_.wall());
  Milli oldest = now;
  for (const auto& fifo : queue.ready) {
    if (fifo.is_empty() || removed_ready_.contains(fifo.front()) || is_failed()) continue;
    if (const auto record = read(fifo.front())) oldest = std::min(oldest, record->stored_at);
  }
  return Milliseconds(now - oldest);
}

/// On a full disk a delivery's record is skipped before an acknowledgement would be.
bool JournaledStore::has_room_for_delivery() { return journal_->has_room_for_passing(); }

void JournaledStore::sent(const Unsent& pop) {
  --pop.queue->unsent_pops;
  drop_entry(*pop.item);
}

void JournaledStore::unsent(const Unsent& pop) {
  auto& item = *pop.item;
  --pop.queue->unsent_pops;
  pop.queue->figures.bytes += item.size;
  claim_keys(item);
  place(item, Place::head);
}

}  // namespace daemonz::queue
