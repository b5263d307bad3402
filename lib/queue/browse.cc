// Looking at the items of a queue in put order.
#include <algorithm>

#include "queue/journaled_store.h"

namespace daemonz::queue {

/// Ready since its put: it has no entry. Such items stand in their FIFO in put order, since
/// whatever was put back has an entry.
bool JournaledStore::is_plain(Locator at) const {
  return !entries_.contains(at) && !removed_ready_.contains(at);
}

/// The first `count` of them behind `after`. There is no index by sequence: every 64th one is
/// noted, and the place is found by reading a few of these.
void JournaledStore::add_plain_ready(const Queue& queue, std::uint8_t priority,
                                     const BrowseRequest& request, std::vector<Candidate>& to) {
  constexpr std::uint64_t step = 64;
  struct Mark {
    std::uint64_t index;
    Locator at;
  };
  const auto sequence_of = [&](Locator at) -> Sequence {
    const auto record = read(at);
    return record ? record->sequence : 0;
  };
  std::vector<Mark> marks;
  std::uint64_t index = 0;
  if (request.after > 0)
    queue.ready[priority].for_each([&](Locator at) {
      if (index++ >= marks.size() * step && is_plain(at)) marks.push_back({index - 1, at});
    });
  const auto behind = std::ranges::partition_point(
      marks, [&](const Mark& mark) { return sequence_of(mark.at) <= request.after; });
  const std::uint64_t first = behind == marks.begin() ? 0 : std::prev(behind)->index;
  std::uint64_t found = 0;
  index = 0;
  queue.ready[priority].for_each([&](Locator at) {
    if (index++ < first || found == request.count || !is_plain(at)) return;
    const auto sequence = sequence_of(at);
    if (sequence <= request.after) return;
    to.push_back({sequence, at});
    ++found;
  });
}

std::vector<Browsed> JournaledStore::browse(const QueueName& name, const BrowseRequest& request) {
  const auto* queue = find_queue(name.text());
  if (!queue) return {};
  std::vector<Candidate> candidates;
  for (const auto& [at, item] : entries_)
    if (item.queue == queue && item.sequence > request.after && item.state != ItemState::popped)
      candidates.push_back({item.sequence, at, &item});
  for (std::uint8_t priority = 0; priority < priority_count; ++priority)
    add_plain_ready(*queue, priority, request, candidates);
  std::ranges::sort(candidates, {}, &Candidate::sequence);

  const auto now = unix_milliseconds(clock_.wall());
  std::vector<Browsed> items;
  std::size_t bytes = 0;
  for (const auto& each : candidates) {
    if (items.size() == request.count || bytes >= request.bytes_max) break;
    const auto record = read(each.at);
    if (!record) break;  // the disk has failed
    Browsed item{.sequence = each.sequence,
                 .priority = record->priority,
                 .flags = record->flags,
                 .age = Milliseconds(std::max<Milli>(0, now - record->stored_at)),
                 .body = std::string(record->body)};
    if (each.item) {
      item.state = each.item->state;
      item.reason = each.item->reason;
      item.priority = each.item->priority;
      item.deliveries = each.item->deliveries;
    }
    bytes += item.body.size();
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace daemonz::queue
