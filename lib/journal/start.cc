// The journal's start: recovery, and what works beside the owner from then on.
#include "base/clock.h"
#include "base/error.h"
#include "journal/committer.h"
#include "journal/index.h"
#include "journal/journal.h"
#include "journal/recovery.h"
#include "journal/segment_maker.h"
#include "journal/verifier.h"

namespace daemonz::journal {

std::unique_ptr<Journal> Journal::open(Options options, const Replay& replay) {
  std::unique_ptr<Journal> journal(new Journal(std::move(options)));
  journal->is_closed_ = true;  // until it is open: nothing to write at a failure
  auto& disk = journal->disk_;
  const auto& folder = journal->options_.folder;
  disk.make_folder(folder);
  journal->lock_ = disk.lock(folder);
  journal->choose_segment_size();
  journal->recover(replay);
  journal->start_background();
  journal->sync_recovered();
  journal->is_closed_ = false;
  return journal;
}

void Journal::recover(const Replay& replay) {
  const auto start = real_clock().steady();
  const auto background = options_.by_hand ? Background::by_hand : Background::threads;
  auto found = scan(disk_, options_.folder, options_.verified_at_start, background, replay);
  const auto left = take_over(found);
  recovery_ = {.records = found.records,
               .cut_bytes = found.cut_bytes,
               .segments = static_cast<std::uint32_t>(segments_.size())};
  // A new segment in any case: a cut tail is never written over, and delivery ids build on its
  // number, so it must be new for ever: hence the folder is synced before anybody hears of it.
  begin_segment(found.highest + 1);
  current().file->sync();  // its head: a next segment may begin before this one has a record
  disk_.sync_folder(options_.folder);
  if (!left.empty()) {
    disk_.remove(left);
    disk_.sync_folder(
        options_.folder);  // it would end the log before what is confirmed from now on
  }
  recovery_.took = std::chrono::duration_cast<Milliseconds>(real_clock().steady() - start);
}

std::string Journal::take_over(Scan& found) {
  const auto& folder = options_.folder;
  // Behind the end first, newest first: a crash in between leaves the same end of the log. But the
  // newest of all stays until a newer one is there for ever: no later start may take its number.
  const auto newest = segment_path(folder, found.highest);
  std::string left;
  const auto remove = [&](const std::string& path) {
    if (path == newest)
      left = newest;
    else
      disk_.remove(path);
  };
  for (auto number = found.dropped.rbegin(); number != found.dropped.rend(); ++number)
    remove(segment_path(folder, *number));
  disk_.remove(folder + "/" + SegmentMaker::spare_name);
  for (auto& each : found.kept) {
    auto path = segment_path(folder, each.id.number);
    if (each.used <= segment_header_size) {
      remove(path);
      continue;
    }
    auto file = disk_.open(path, Disk::Open::existing);
    if (!each.is_sealed && each.used < each.size) file->truncate(each.used);
    if (each.is_sealed) proven_ = each.id.first + each.count - 1;
    if (!each.is_verified) unverified_.push_back({each.id, each.used});
    if (each.index) unsealed_.push_back(each.id.number);
    const auto index_size = each.index ? 0 : each.size - each.used;
    bytes_ += each.used + index_size;
    index_bytes_ += index_size;
    segments_.emplace(each.id.number, Segment{.file = std::move(file),
                                              .path = std::move(path),
                                              .first = each.id.first,
                                              .used = each.used,
                                              .capacity = each.used,
                                              .index_size = index_size,
                                              .index = std::move(each.index)});
  }
  appended_ = flushed_ = found.last;
  return left;
}

void Journal::start_background() {
  auto* by_hand = options_.by_hand;
  const auto& folder = options_.folder;
  const auto background = by_hand ? Background::by_hand : Background::threads;
  committer_ = std::make_unique<Committer>(Committer::Options{.disk = &disk_,
                                                              .folder = folder,
                                                              .ride_max = options_.ride_max,
                                                              .durable = proven_,
                                                              .on_commit = options_.on_commit,
                                                              .background = background});
  maker_ = std::make_unique<SegmentMaker>(SegmentMaker::Options{
      .disk = &disk_, .folder = folder, .size = options_.segment_size, .background = background});
  verifier_ = std::make_unique<Verifier>(
      Verifier::Options{.disk = &disk_,
                        .folder = folder,
                        .segments = std::exchange(unverified_, {}),
                        .on_damage = [this](const std::string& why) { committer_->fail(why); },
                        .background = background});
  if (by_hand)
    *by_hand = {.commit = [&committer = *committer_] { return committer.step(); },
                .end_ride = [&committer = *committer_] { committer.end_ride(); },
                .make_spare = [&maker = *maker_] { return maker.step(); },
                .verify = [&verifier = *verifier_] { return verifier.step(); }};
}

void Journal::sync_recovered() {
  for (auto& [number, segment] : segments_)
    if (segment.first > proven_ && !segment.is_of_this_run)
      committer_->written(*segment.file, appended_, true);
}

}  // namespace daemonz::journal
