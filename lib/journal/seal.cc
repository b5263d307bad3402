// Sealing: the journal's full segments get their index (index.h).
#include "base/error.h"
#include "base/log.h"
#include "journal/committer.h"
#include "journal/index.h"
#include "journal/journal.h"

namespace daemonz::journal {

void Journal::seal_durable_segments() {
  for (; !unsealed_.empty() && !is_failed(); unsealed_.pop_front()) {
    const auto found = segments_.find(unsealed_.front());
    if (found == segments_.end() || !found->second.index) continue;  // it went before
    auto& [number, segment] = *found;
    if (segment.first + segment.index->count() > durable() + 1) return;
    seal(number, segment);
  }
}

void Journal::seal(std::uint32_t number, Segment& segment) {
  const auto index = std::move(segment.index);
  try {
    const auto size = write_index(*segment.file, {number, segment.first}, segment.used, *index);
    segment.index_size = size - segment.used;
    bytes_ += segment.index_size;
    index_bytes_ += segment.index_size;
    committer_->written(*segment.file, appended_, false);  // all of that it has heard of before
  } catch (const Error& problem) {
    // A recovered segment's index needs new space. Without it the next start reads the records.
    if (problem.code() != ENOSPC && problem.code() != EDQUOT) committer_->fail(problem.what());
    log::debug("journal", "a segment stays without its index", {{"why", problem.what()}});
  }
}

std::uint64_t Journal::room_left(const Segment& segment, std::size_t fields) {
  const auto taken = segment.used + segment.index->room_with(fields);
  return segment.capacity > taken ? segment.capacity - taken : 0;
}

}  // namespace daemonz::journal
