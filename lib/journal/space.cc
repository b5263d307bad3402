// The log and the disk's space: what is kept back for when the disk is full, and when the oldest
// segment is to be cleaned.
//
// Only the oldest segment can go, since later records speak of earlier ones. So garbage behind a
// living record goes when that has been copied to the end, and a disk full of living records needs
// room for the copies before it has any for more.
#include <algorithm>

#include "base/error.h"
#include "journal/committer.h"
#include "journal/journal.h"
#include "journal/segment_maker.h"

namespace daemonz::journal {
namespace {

/// A small file system (a tmpfs of 32 MiB) gets segments of a sixteenth of it, so that what is kept
/// back below is a fifth.
constexpr std::uint64_t segments_per_disk = 16;
constexpr Bytes segment_size_min = kibibytes(64);

/// Of a segment, one part in so many is for acknowledgements while there is no other segment.
constexpr std::uint64_t kept_back_share = 8;
/// Kept back per living record: its end's record (32 bytes), what its copy may be larger (16), and
/// both in their segments' indexes (24).
constexpr std::uint64_t kept_back_per_record = 72;
/// A record's place in an index, about: what differs from the record before it.
constexpr std::size_t index_entry_size = 16, fields_size_usual = 64;
/// A put leaves so many segments free: one to copy the oldest one into, one that the copies wait
/// in until they are durable, one for what nobody plans (returned items, a spare being made).
constexpr std::uint64_t segments_before_put = 3;
/// A record that may be skipped is, with less than these.
constexpr std::uint64_t segments_before_passing = 2;
/// Cleaning begins with less than these, so that a put need not be refused.
constexpr std::uint64_t segments_before_cleaning = 4;

/// The bound of the disk use is (sealed segments) <= 2 x (living bytes), beside the segment that is
/// written to and its spare. Cleaning begins at 3/2 and is done before the other quarter is used.
constexpr std::uint64_t clean_above_percent = 150, late_above_percent = 200;
/// The spare is made at half of the segment in use; until a quarter its place is counted as free.
constexpr std::uint64_t spare_counts_from_share = 4;
/// On a full disk, less garbage than this part of a segment is not worth copying for.
constexpr std::uint64_t garbage_min_share = 4;

}  // namespace

void Journal::choose_segment_size() {
  const auto total = disk_.space(options_.folder).total;
  const auto wanted = std::max(segment_size_min.count, total / segments_per_disk / 4096 * 4096);
  options_.segment_size = std::min(options_.segment_size, Bytes(wanted));
}

bool Journal::has_room(std::uint64_t bytes, std::uint64_t records, std::uint64_t segments) {
  const auto needed =
      bytes + (live_ + records) * kept_back_per_record + segments * options_.segment_size.count;
  if (room_ > needed) return true;
  try {
    const auto available = disk_.space(options_.folder).available;
    const auto left = room_left(current(), fields_size_usual);
    const auto spare = maker_->has_spare() ? options_.segment_size.count : 0;
    room_ = available > UINT64_MAX / 2 ? available : available + left + spare;
  } catch (const Error& problem) {
    committer_->fail(problem.what());
    return false;
  }
  return room_ > needed;
}

bool Journal::make_room(std::size_t payload, std::size_t records) {
  return find_room(payload, records, records, segments_before_put);
}

bool Journal::make_room_for_move(std::size_t payload) { return find_room(payload, 1, 0, 0); }

bool Journal::find_room(std::size_t payload, std::size_t records, std::size_t living,
                        std::uint64_t segments) {
  if (is_failed()) return false;
  // Each record's header and padding are at most those of one without payload.
  const auto size = payload + records * (record_size(0) + index_entry_size);
  if (!has_room(size, living, segments)) {
    maker_->request();  // a full disk is asked again
    return false;
  }
  // What is free may be taken by others: until there is a spare, acknowledgements need their room
  // in this segment.
  const auto kept_back = maker_->has_spare() ? 0 : current().capacity / kept_back_share;
  if (room_left(current(), fields_size_usual) >= size + kept_back) return true;
  maker_->request();
  return try_begin_segment(size);
}

bool Journal::has_room_for_passing() {
  return !is_failed() && has_room(0, 0, segments_before_passing);
}

std::optional<Journal::Cleaning> Journal::to_clean() {
  if (segments_.size() < 2 || is_failed()) return std::nullopt;
  const auto& now = current();
  const auto sealed =
      bytes_ - index_bytes_ - now.used;  // each record's part of an index goes with it
  const bool counts_spare = now.used > now.capacity / spare_counts_from_share;
  const auto slack = counts_spare ? 0 : options_.segment_size.count;
  const auto is_above = [&](std::uint64_t percent) {
    return sealed > slack && sealed - slack > live_bytes_ / 100 * percent;
  };
  const auto oldest = segments_.begin()->first;
  if (is_above(clean_above_percent)) return Cleaning{oldest, is_above(late_above_percent)};
  const auto garbage = sealed - std::min(sealed, live_bytes_ - now.live_bytes);
  const bool is_worth_it = garbage > options_.segment_size.count / garbage_min_share;
  if (is_worth_it && !has_room(0, 0, segments_before_cleaning)) return Cleaning{oldest};
  return std::nullopt;
}

}  // namespace daemonz::journal
