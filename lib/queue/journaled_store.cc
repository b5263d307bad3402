#include "queue/journaled_store.h"

#include <malloc.h>

#include <algorithm>

#include "base/check.h"
#include "queue/replayer.h"

namespace daemonz::queue {
namespace {

/// Delivery ids begin at (first segment of this run) << delivery_shift. A delivery's record has 32
/// bytes or more, so a segment of 16 MiB is full after at most 2^19 of them: ids of this run stay
/// below the next run's first, and all fit 32 bits for the first 64 GB of log.
constexpr unsigned delivery_shift = 20;

}  // namespace

JournaledStore::JournaledStore(StoreOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

KeyHash hash_key(std::string_view key) {
  const auto hash = journal::hash128(key);
  return {hash.low, hash.high};
}

std::unique_ptr<Store> open_store(StoreOptions options, const Clock& clock) {
  return JournaledStore::open(std::move(options), clock);
}

std::unique_ptr<JournaledStore> JournaledStore::open(StoreOptions options, const Clock& clock) {
  std::unique_ptr<JournaledStore> store(new JournaledStore(std::move(options), clock));
  auto replayer = std::make_unique<Replayer>(*store);
  store->journal_ = journal::Journal::open(
      store->options_.journal, [&](const journal::Replayed& record) { replayer->apply(record); });
  store->last_delivery_ = DeliveryId{store->journal_->current_segment()} << delivery_shift;
  replayer->finish();
  replayer.reset();
  ::malloc_trim(0);  // what only the replay needed goes back to the system
  store->flush();
  return store;
}

Queue& JournaledStore::queue_of(std::string_view name) {
  if (auto* found = find_queue(name)) return *found;
  auto made = std::make_unique<Queue>(std::string(name), options_.queues.of(name));
  return *queues_.emplace(std::string(name), std::move(made)).first->second;
}

Queue* JournaledStore::find_queue(std::string_view name) const {
  const auto found = queues_.find(name);
  return found == queues_.end() ? nullptr : found->second.get();
}

/// Rounded up to whole milliseconds: a delay is never shorter for it.
Milli JournaledStore::wall_of(SteadyTime time) const {
  const auto wall =
      clock_.wall() + std::chrono::duration_cast<WallTime::duration>(time - clock_.steady());
  return std::chrono::ceil<Milliseconds>(wall.time_since_epoch()).count();
}

SteadyTime JournaledStore::steady_of(Milli wall) const {
  return clock_.steady() + (from_unix_milliseconds(wall) - clock_.wall());
}

Bytes JournaledStore::item_size_max(const QueueName& queue) const {
  return std::min(options_.queues.of(queue.text()).max_item_bytes, queue::item_size_max);
}

PutResult JournaledStore::put(const QueueName& name, std::string_view body,
                              const PutRequest& request) {
  if (is_failed()) return {PutOutcome::failed};
  if (body.size() > item_size_max(name).count) return {PutOutcome::too_large};
  Item* predecessor = request.acknowledges ? find_delivery(*request.acknowledges) : nullptr;
  if (request.acknowledges && !predecessor) return {PutOutcome::gone};
  auto& queue = queue_of(name.text());
  if (is_token_used(queue, request, predecessor)) {
    if (predecessor && acknowledge(*request.acknowledges).outcome != Settled::done)
      return not_stored();
    return {PutOutcome::stored, wait_for_all()};
  }
  auto record = record_of(queue, request);
  record.body = body;
  if (predecessor) {
    record.replaces = predecessor->at;
    if (!record.id) record.id = predecessor->id;
    const bool holds_key = !predecessor->queue->is_dead_queue;
    if (!record.unique && !queue.is_dead_queue && holds_key) record.unique = predecessor->unique;
  }
  if (is_key_held(queue, record.unique, predecessor)) return {PutOutcome::key_held};
  if (const auto refused = refusal(queue, body.size(), 1, predecessor)) return *refused;
  if (predecessor)
    free_keys(*predecessor->queue, predecessor->at, predecessor->id, predecessor->unique);
  if (!store_item(queue, record)) return not_stored();
  if (predecessor) {
    end_delivery(*predecessor);
    forget(*predecessor);
  }
  const bool waits = request.is_synced || queue.options.durability == Durability::always;
  return {PutOutcome::stored, waits ? wait_for_all() : 0};
}

PutResult JournaledStore::put_many(const QueueName& name, std::span<const std::string_view> bodies,
                                   const PutRequest& request) {
  DAEMONZ_CHECK(!bodies.empty() && !request.unique && !request.acknowledges,
                "the protocol allows neither");
  if (is_failed()) return {PutOutcome::failed};
  const auto limit = item_size_max(name).count;
  std::uint64_t bytes = 0;
  for (const auto body : bodies) {
    if (body.size() > limit) return {PutOutcome::too_large};
    bytes += body.size();
  }
  auto& queue = queue_of(name.text());
  if (is_token_used(queue, request, nullptr)) return {PutOutcome::stored, wait_for_all()};
  if (const auto refused = refusal(queue, bytes, bodies.size(), nullptr)) return *refused;
  auto record = record_of(queue, request);
  record.id.reset();
  record.more = static_cast<std::uint32_t>(bodies.size());
  for (const auto body : bodies) {
    record.body = body;
    if (--record.more == 0) record.id = request.id;  // the last one makes the group count
    if (!store_item(queue, record)) return not_stored();
    record.continues = true;
  }
  const bool waits = request.is_synced || queue.options.durability == Durability::always;
  return {PutOutcome::stored, waits ? wait_for_all() : 0};
}

bool JournaledStore::is_token_used(Queue& queue, const PutRequest& request,
                                   const Item* predecessor) {
  if (!request.id) return false;
  const auto* token = queue.tokens.find(*request.id, clock_.steady());
  return token && !(predecessor && token->at == predecessor->at);
}

bool JournaledStore::is_key_held(const Queue& queue, const std::optional<KeyHash>& unique,
                                 const Item* predecessor) {
  if (!unique) return false;
  const auto held = queue.unique_keys.find(*unique);
  return held != queue.unique_keys.end() && !(predecessor && held->second == predecessor->at);
}

std::optional<PutResult> JournaledStore::refusal(Queue& queue, std::uint64_t bytes,
                                                 std::uint64_t count, const Item* predecessor) {
  const auto is_too_much = [&](std::uint64_t items_there, std::uint64_t bytes_there) {
    const auto& [max_items, max_bytes] = std::tie(queue.options.max_items, queue.options.max_bytes);
    return (max_items && items_there + count > *max_items) ||
           (max_bytes && bytes_there + bytes > max_bytes->count);
  };
  const auto is_full = [&] { return is_too_much(queue.figures.items(), queue.figures.bytes); };
  if (!predecessor) {
    const bool may_discard = queue.options.discard_oldest && !is_too_much(0, 0);
    while (is_full() && may_discard && queue.figures.ready > 0) discard_oldest(queue);
    if (is_full()) return PutResult{PutOutcome::full};
  }
  // A successor no larger than what it replaces may use the space kept back for acknowledgements.
  if (predecessor && bytes <= predecessor->size) return std::nullopt;
  if (journal_->make_room(bytes + count * fields_size_max, count)) return std::nullopt;
  return not_stored();
}

PutRecord JournaledStore::record_of(const Queue& queue, const PutRequest& request) const {
  const auto now = unix_milliseconds(clock_.wall());
  PutRecord record{.queue = queue.name,
                   .priority = request.priority.level,
                   .flags = request.flags,
                   .max_deliveries = request.max_deliveries,
                   .stored_at = now,
                   .id = request.id,
                   .unique = queue.is_dead_queue ? std::nullopt : request.unique};
  if (request.delay > Milliseconds(0)) record.due_at = wall_of(clock_.steady() + request.delay);
  if (request.expires_at) record.expires_at = unix_milliseconds(*request.expires_at);
  if (queue.options.max_age) {
    const auto latest = now + queue.options.max_age->count();
    record.expires_at = record.expires_at ? std::min(record.expires_at, latest) : latest;
  }
  return record;
}

bool JournaledStore::store_item(Queue& queue, const PutRecord& record) {
  const auto fields = encode(record);
  const auto at = journal_->append(static_cast<journal::RecordType>(RecordKind::put), fields.view(),
                                   record.body, commit_of(queue), journal::Journal::Life::alive);
  if (!at) return false;
  if (record.id) remember_token(queue, *record.id, *at);
  if (record.unique) queue.unique_keys.insert_or_assign(*record.unique, *at);
  ++queue.figures.total;
  queue.figures.bytes += record.body.size();
  if (record.due_at == 0) {
    push_ready(queue, record.priority, *at, End::tail);
    return true;
  }
  auto& item = add_entry(queue, *at, record);
  item.sequence = journal_->appended();
  item.payload = static_cast<std::uint32_t>(fields.view().size() + record.body.size());
  stand(item, Place::delayed, steady_of(record.due_at));
  return true;
}

void JournaledStore::remember_token(Queue& queue, const KeyHash& id, Locator at) {
  const auto until = clock_.steady() + queue.options.dedupe_window;
  const auto before = queue.tokens.remember(id, {.until = until, .at = at, .logged_at = at});
  journal_->retain(at, token_size(queue.name));
  if (before) release_token(queue, *before);
  forget_tokens(queue);
}

std::optional<Locator> JournaledStore::append(RecordKind kind, const Fields& fields,
                                              journal::Commit commit) {
  return journal_->append(static_cast<journal::RecordType>(kind), fields.view(), {}, commit,
                          journal::Journal::Life::passing);
}

SettleResult JournaledStore::settled(const Queue& queue, bool is_logged) {
  if (!is_logged) return not_logged();
  const bool waits = queue.options.durability == Durability::always;
  return {Settled::done, waits ? wait_for_all() : 0};
}

/// What an answer waits for that must be durable.
Sequence JournaledStore::wait_for_all() {
  if (journal_->durable() < journal_->appended()) journal_->ask_commit();
  return journal_->appended();
}

journal::Commit JournaledStore::commit_of(const Queue& queue) {
  return queue.options.durability == Durability::always ? journal::Commit::asked
                                                        : journal::Commit::rides;
}

void JournaledStore::flush() { journal_->flush(); }

void JournaledStore::release_token(const Queue& queue, Locator logged_at) {
  journal_->release(logged_at, token_size(queue.name));
}

void JournaledStore::forget_tokens(Queue& queue) {
  while (const auto logged_at = queue.tokens.forget_one(clock_.steady()))
    release_token(queue, *logged_at);
}

std::vector<std::string> JournaledStore::take_newly_ready() {
  std::vector<std::string> names;
  names.reserve(newly_ready_.size());
  for (auto* queue : newly_ready_) {
    queue->is_newly_ready = false;
    names.push_back(queue->name);
  }
  newly_ready_.clear();
  return names;
}

std::uint64_t JournaledStore::ready_count(std::string_view name) const {
  const auto* queue = find_queue(name);
  return queue ? queue->figures.ready : 0;
}

StorageFigures JournaledStore::storage() const {
  const auto figures = journal_->figures();
  const auto& recovery = journal_->recovery();
  return {.bytes = figures.bytes,
          .live_bytes = figures.live_bytes,
          .segments = figures.segments,
          .syncs = figures.syncs,
          .sync_p99_us = figures.sync_p99_us,
          .cut_bytes = recovery.cut_bytes,
          .recovery = recovery.took,
          .failure = is_failed() ? journal_->failure() : std::string()};
}

std::vector<QueueFigures> JournaledStore::figures() {
  std::vector<QueueFigures> all;
  all.reserve(queues_.size());
  for (const auto& [name, queue] : queues_) {
    auto figures = queue->figures;
    figures.name = name;
    figures.is_paused = queue->paused_at.has_value();
    figures.oldest_age = oldest_age(*queue);
    all.push_back(std::move(figures));
  }
  return all;
}

}  // namespace daemonz::queue
