// What is done to items and queues without a delivery: removal, flush, pause, kick.
#include "base/check.h"
#include "queue/journaled_store.h"

namespace daemonz::queue {

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
    case ItemState::popped: DAEMONZ_CHECK(false, "a popped item has no key and no sequence");
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
    if (item.queue == queue && item.sequence == sequence && item.state != ItemState::popped)
      return settled(*queue, remove(item));
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
  std::vector<Item*> items;
  for (auto& [at, item] : entries_)
    if (item.queue == &queue && item.state != ItemState::popped) items.push_back(&item);
  for (auto* item : items) {
    if (item->state == ItemState::ready) removed_ready_.insert(item->at);  // its slot stays
    if (item->state == ItemState::leased) end_delivery(*item);
    clear_timer(*item);
    drop_entry(*item);
  }
  for (auto& fifo : queue.ready)
    if (!fifo.is_empty()) cleaner_.add_emptied(std::move(fifo));
  if (!queue.tokens.all().empty())
    cleaner_.add_emptied(std::exchange(queue.tokens, {}), token_size(queue.name));
  queue.ready_counts.fill(0);
  queue.buried.clear();
  queue.unique_keys.clear();
  auto& figures = queue.figures;
  figures.ready = figures.delayed = figures.leased = figures.buried = figures.bytes = 0;
  ++figures.flushes;
}

SettleResult JournaledStore::flush_queue(const QueueName& name) {
  if (is_failed()) return {Settled::failed};
  auto* queue = find_queue(name.text());
  if (!queue) return {Settled::gone};
  if (!append(RecordKind::flushed, encode_flushed(queue->name), commit_of(*queue)))
    return not_logged();
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
    if (!append(RecordKind::flushed, encode_flushed(name), commit_of(*queue))) return not_logged();
    empty(*queue);
  }
  return {Settled::done, wait_for_all()};
}

SettleResult JournaledStore::pause(const QueueName& name) {
  if (is_failed()) return {Settled::failed};
  auto& queue = queue_of(name.text());
  if (!log_pause(queue, commit_of(queue))) return not_logged();
  return settled(queue, true);
}

/// The record that says so is kept as long as it is true.
bool JournaledStore::log_pause(Queue& queue, journal::Commit commit) {
  const auto fields = encode(PausedRecord{.queue = queue.name, .is_paused = true});
  if (!journal_->make_room_for_move(fields.view().size())) return false;
  const auto at = append(RecordKind::paused, fields, commit);
  if (!at) return false;
  journal_->retain(*at, fields.view().size());
  if (queue.paused_at) journal_->release(*queue.paused_at, fields.view().size());
  queue.paused_at = at;
  return true;
}

SettleResult JournaledStore::resume(const QueueName& name) {
  if (is_failed()) return {Settled::failed};
  auto* queue = find_queue(name.text());
  if (!queue || !queue->paused_at) return {Settled::gone};
  const auto fields = encode(PausedRecord{.queue = queue->name, .is_paused = false});
  if (!append(RecordKind::paused, fields, commit_of(*queue))) return not_logged();
  journal_->release(*std::exchange(queue->paused_at, {}), paused_size(queue->name));
  if (queue->figures.ready > 0 && !std::exchange(queue->is_newly_ready, true))
    newly_ready_.push_back(queue);
  return settled(*queue, true);
}

SettleResult JournaledStore::kick(const QueueName& name, std::uint64_t count) {
  if (is_failed()) return {Settled::failed};
  auto* queue = find_queue(name.text());
  if (!queue) return {Settled::gone};
  std::uint64_t kicked = 0;
  bool is_logged = true;
  // On a full disk acknowledgements need the room more than this does.
  const auto may_go_on = [&] { return kicked < count && journal_->has_room_for_passing(); };
  for (; may_go_on() && !queue->buried.empty(); ++kicked) {
    auto& item = *queue->buried.begin()->second;
    queue->buried.erase(queue->buried.begin());
    --queue->figures.buried;
    item.deliveries = 0;
    is_logged = place(item, Place::tail) && is_logged;
  }
  constexpr std::string_view dead_suffix = ".dead";
  for (; queue->is_dead_queue && may_go_on(); ++kicked) {
    const auto found = first_ready_of(*queue, priority_first, priority_last);
    if (!found) break;
    auto& item = add_entry(*queue, found->at, found->record);
    pop_ready(*queue, found->priority);
    item.deliveries = 0;
    item.reason = Reason::none;
    const auto origin = queue->name.substr(0, queue->name.size() - dead_suffix.size());
    move_to_queue(item, queue_of(origin));
    is_logged = place(item, Place::tail) && is_logged;
  }
  const bool has_more =
      !queue->buried.empty() || (queue->is_dead_queue && queue->figures.ready > 0);
  if (kicked < count && has_more) return not_logged();
  if (kicked == 0) return {Settled::gone};
  return settled(*queue, is_logged);
}

}  // namespace daemonz::queue
