#include "queue/cleaner.h"

#include <algorithm>

#include "base/check.h"
#include "queue/journaled_store.h"

namespace daemonz::queue {
namespace {

/// So many bytes are copied per byte that was appended or released, while there is a need. One is
/// what it takes at least: an acknowledged item frees its size, and each byte of garbage is freed
/// by copying at most two (journal/space.cc begins at a third of garbage).
constexpr std::uint64_t pace = 4;
/// What was not needed does not pile up: a burst of copies is no longer than that.
constexpr std::uint64_t credit_max = 4 << 20;
/// A slice takes about a millisecond: as measured, a copy takes 2 us and a byte of it 1 ns.
constexpr std::uint64_t slice_size = 500'000, copy_costs = 1'000;
/// Chunks of a FIFO that are looked at for nothing; each costs a cache miss (0.1 us).
constexpr std::uint64_t chunk_costs = 50;
/// A token that is forgotten: three cache misses.
constexpr std::uint64_t token_costs = 250;

}  // namespace

void Cleaner::work() {
  goes_on_ = false;
  is_stuck_ = false;
  slice_ = slice_size;
  if (store_.is_failed()) return;
  release_emptied();
  release_emptied_tokens();
  earn();
  while (can_pay() && emptied_.empty() && emptied_tokens_.empty()) {
    const auto cleaning = store_.journal_->to_clean();
    if (!cleaning) break;
    if (cleaning->is_late && !std::exchange(was_late_, true)) credit_ = credit_max;
    was_late_ = cleaning->is_late;
    if (credit_ == 0) break;
    clean(cleaning->segment);
  }
  goes_on_ = slice_ == 0 && !is_stuck_;
  churn_seen_ = store_.journal_->churn();  // its own copies earn nothing
}

void Cleaner::earn() {
  const auto churn = store_.journal_->churn();
  credit_ = std::min(credit_max, credit_ + pace * (churn - churn_seen_));
}

void Cleaner::pay(std::size_t bytes) {
  slice_ -= std::min<std::uint64_t>(slice_, bytes + copy_costs);
  credit_ -= std::min<std::uint64_t>(credit_, bytes);
}

void Cleaner::release_emptied() {
  while (!emptied_.empty() && slice_ > 0) {
    auto& fifo = emptied_.back();
    if (fifo.is_empty()) {
      emptied_.pop_back();
      continue;
    }
    const auto at = fifo.front();
    if (store_.removed_ready_.erase(at) == 0) {
      const auto record = store_.read(at);
      if (!record) return;  // the disk has failed
      store_.journal_->release(at, record->payload);
      slice_ -= std::min<std::uint64_t>(slice_, record->payload + copy_costs);
    }
    fifo.pop_front();
  }
}

void Cleaner::release_emptied_tokens() {
  while (!emptied_tokens_.empty() && slice_ > 0) {
    auto& [tokens, record_size] = emptied_tokens_.back();
    if (const auto logged_at = tokens.forget_one(SteadyTime::max())) {
      store_.journal_->release(*logged_at, record_size);
      slice_ -= std::min(slice_, token_costs);
    } else {
      emptied_tokens_.pop_back();
    }
  }
}

/// A part of it, or all. Items may come behind the place that was reached: then another pass over
/// the queues finds them. The segment may also go without a copy, when its last token is forgotten.
void Cleaner::clean(std::uint32_t segment) {
  if (segment != segment_) {
    segment_ = segment;
    queue_.clear();
  }
  auto& queues = store_.queues_;
  const bool is_whole_pass = queue_.empty();
  if (is_whole_pass) has_found_none_ = true;
  if (!clean_entries()) return;
  for (auto at = queues.lower_bound(queue_); at != queues.end(); ++at) {
    queue_ = at->first;
    if (!clean_queue(*at->second)) return;
  }
  queue_.clear();
  const bool is_over = !has_found_none_ || !store_.journal_->holds({segment, 0});
  DAEMONZ_CHECK(is_over || !is_whole_pass, "what keeps a segment is found");
}

/// All but the ready ones: these stand in a FIFO too.
bool Cleaner::clean_entries() {
  auto& entries = store_.entries_;
  for (auto at = entries.lower_bound({segment_, 0});
       at != entries.end() && at->first.segment == segment_;) {
    auto& item = at->second;
    ++at;  // the copy stands elsewhere
    if (item.state == ItemState::ready) continue;
    if (!can_pay()) return false;
    static_cast<void>(copy(item.at, *item.queue, &item));
  }
  return !is_stuck_;
}

bool Cleaner::clean_queue(Queue& queue) {
  if (queue.paused_at && queue.paused_at->segment == segment_) {
    is_stuck_ = !store_.log_pause(queue, journal::Commit::rides);
    if (is_stuck_) return false;
    has_found_none_ = false;
  }
  if (!clean_tokens(queue)) return false;
  for (std::uint8_t priority = 0; priority < priority_count; ++priority)
    if (!clean_ready(queue, priority)) return false;
  return true;
}

bool Cleaner::clean_tokens(Queue& queue) {
  store_.forget_tokens(queue);
  const auto size = token_size(queue.name);
  auto chunks = 1 + slice_ / chunk_costs;
  const auto before = chunks;
  const bool is_done = queue.tokens.visit_segment(segment_, chunks, [&](auto& id, auto& token) {
    if (token.logged_at.segment != segment_) return true;
    if (!can_pay()) return false;
    const TokenRecord record{
        .id = id, .until = store_.wall_of(token.until), .at = token.at, .queue = queue.name};
    const auto at = store_.journal_->make_room_for_move(size)
                        ? store_.append(RecordKind::token, encode(record), journal::Commit::rides)
                        : std::nullopt;
    is_stuck_ = !at;
    if (!at) return false;
    store_.journal_->retain(*at, size);
    store_.release_token(queue, token.logged_at);
    token.logged_at = *at;
    has_found_none_ = false;
    pay(size);
    return true;
  });
  slice_ -= std::min(slice_, (before - chunks) * chunk_costs);
  return is_done;
}

bool Cleaner::clean_ready(Queue& queue, std::uint8_t priority) {
  auto chunks = 1 + slice_ / chunk_costs;
  const auto before = chunks;
  const bool is_done = queue.ready[priority].visit_segment(segment_, chunks, [&](Locator& at) {
    if (!can_pay()) return false;
    if (store_.removed_ready_.erase(at) > 0) {
      at = {};
      return true;
    }
    const auto entry = store_.entries_.find(at);
    at = copy(at, queue, entry == store_.entries_.end() ? nullptr : &entry->second);
    return !is_stuck_;  // what was not copied is looked at again
  });
  slice_ -= std::min(slice_, (before - chunks) * chunk_costs);
  return is_done && !is_stuck_;
}

journal::Locator Cleaner::copy(Locator from, Queue& queue, Item* item) {
  const auto record = store_.read(from);
  if (!record) {
    is_stuck_ = true;
    return from;
  }
  body_.assign(record->body);  // it may stand in the journal's memory, which the append moves on
  CopiedRecord copied{.put = *record, .from = from, .has_state = item != nullptr};
  copied.put.queue = queue.name;
  if (item) store_.describe(*item, copied);
  const auto fields = encode(copied);
  const auto size = fields.view().size() + body_.size();
  std::optional<journal::Locator> at;
  if (store_.journal_->make_room_for_move(size))
    at =
        store_.journal_->append(static_cast<journal::RecordType>(RecordKind::copied), fields.view(),
                                body_, journal::Commit::rides, journal::Journal::Life::alive);
  is_stuck_ = !at;
  if (!at) return from;
  store_.is_at(queue, *record, item, *at, static_cast<std::uint32_t>(size));
  store_.journal_->release(from, record->payload);
  has_found_none_ = false;
  pay(record->payload);
  return *at;
}

}  // namespace daemonz::queue
