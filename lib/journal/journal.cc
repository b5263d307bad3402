#include "journal/journal.h"

#include <algorithm>

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "journal/committer.h"
#include "journal/index.h"
#include "journal/recovery.h"
#include "journal/segment_maker.h"
#include "journal/verifier.h"

namespace daemonz::journal {
namespace {

/// Of a run's first segment, whose zeros the start waits for: small, and a spare follows at once.
constexpr Bytes first_size = mebibytes(1);
/// The first read of a record from the disk: most records fit, and it is one page.
constexpr std::size_t first_read_size = 4096;
/// Fields of a record that is still to come, for the room that the index will take.
constexpr std::size_t fields_size_guess = 512;

}  // namespace

Journal::Journal(Options options)
    : options_(std::move(options)),
      disk_(options_.disk ? *options_.disk : real_disk()),
      tail_(std::max<std::size_t>(options_.memory.count, 64 * 1024)) {}

Journal::~Journal() {
  try {
    close();
  } catch (const Error& problem) {
    log::error("journal", "cannot close", {{"why", problem.what()}});
  }
}

void Journal::begin_segment(std::uint32_t number, std::uint64_t at_least) {
  const auto wanted =
      committer_ ? options_.segment_size : std::min(options_.segment_size, first_size);
  auto index = std::make_unique<IndexBuilder>();
  const auto whole = segment_header_size + at_least + index->room_with(fields_size_guess);
  const auto capacity = std::max<std::uint64_t>(wanted.count, whole);
  auto path = segment_path(options_.folder, number);
  std::unique_ptr<DiskFile> file;
  if (maker_ && capacity == options_.segment_size.count) file = maker_->take();
  if (file) {
    disk_.rename(options_.folder + "/" + SegmentMaker::spare_name, path);
    file->moved_to(path);
  } else {
    file = disk_.open(path, Disk::Open::create_new);
    try {
      file->allocate(capacity);
      if (!committer_) fill_with_zeros(*file, capacity);
    } catch (const Error&) {
      file.reset();
      disk_.remove(path);
      throw;
    }
  }
  auto header = encode_segment_header(number, appended_ + 1);
  const iovec piece{header.data(), header.size()};
  file->write_at(0, {&piece, 1});
  if (committer_) {
    committer_->folder_changed();
    committer_->written(*file, appended_, false);  // its head, as above
  }
  bytes_ += header.size();
  if (committer_) unsealed_.push_back(segments_.rbegin()->first);
  segments_.emplace(number, Segment{.file = std::move(file),
                                    .path = std::move(path),
                                    .first = appended_ + 1,
                                    .used = header.size(),
                                    .capacity = capacity,
                                    .index = std::move(index),
                                    .tail_base = tail_.end() - header.size(),
                                    .is_of_this_run = true});
  if (committer_) remove_dead_segments();  // at recovery nothing is known to be alive yet
}

bool Journal::try_begin_segment(std::uint64_t at_least) {
  flush();
  if (is_failed()) return false;
  room_ = 0;  // it is asked again
  for (;;) {
    try {
      begin_segment(segments_.rbegin()->first + 1, at_least);
      return true;
    } catch (const Error& problem) {
      if (problem.code() != ENOSPC && problem.code() != EDQUOT && problem.code() != EFBIG)
        committer_->fail(problem.what());
    }
    // What is on its way to be free, or to be a spare, is worth a sync's time.
    if (is_failed() || !(committer_->await_removals() || maker_->await_spare())) return false;
  }
}

std::optional<Locator> Journal::append(RecordType type, std::string_view fields,
                                       std::string_view body, Commit commit, Life life) {
  DAEMONZ_CHECK(!is_closed_, "append after close");
  const auto payload = fields.size() + body.size();
  DAEMONZ_CHECK(fields.size() <= fields_size_max && body.size() <= body_size_max,
                "the owner limits its records");
  if (is_failed()) return std::nullopt;
  const auto size = record_size(payload);
  if (size > room_left(current(), fields.size()) && !try_begin_segment(size)) return std::nullopt;
  const bool is_large = size > tail_.capacity() / 2;
  if (is_large || tail_.end() - written_ + size > tail_.capacity() / 2) flush();

  auto& [number, segment] = *segments_.rbegin();
  const Locator at{number, static_cast<std::uint32_t>(segment.used / record_alignment)};
  ++appended_;
  const auto header = encode_header({.type = type, .sequence = appended_, .durable = durable()},
                                    {number, segment.first}, fields, body);
  const std::string_view head(header.data(), header.size());
  const auto padding = size - record_header_size - payload;
  if (is_large) {
    write_large(segment, {head, fields, body}, size);
  } else {
    for (const auto piece : {head, fields, body}) tail_.push(piece);
    tail_.push_zeros(padding);
  }
  segment.index->add({type, fields, static_cast<std::uint32_t>(body.size())});
  segment.used += size;
  bytes_ += size;
  churn_ += size;
  room_ -= std::min<std::uint64_t>(room_, size);
  if (life == Life::alive) retain(at, payload);
  is_commit_asked_ = is_commit_asked_ || commit == Commit::asked;
  if (segment.capacity - segment.used < segment.capacity / 2) maker_->request();
  return at;
}

void Journal::write_large(Segment& segment, std::array<std::string_view, 3> pieces,
                          std::size_t size) {
  std::array<iovec, 3> vectors{};
  std::ranges::transform(pieces, vectors.begin(), [](std::string_view piece) {
    return iovec{const_cast<char*>(piece.data()), piece.size()};  // pwritev(2) only reads them
  });
  write(segment, segment.used, vectors);  // the padding's zeros are there already
  tail_.skip(size);
  written_ = tail_.end();
  is_large_unsynced_ = true;
}

void Journal::write(Segment& segment, std::uint64_t offset, std::span<const iovec> pieces) {
  try {
    segment.file->write_at(offset, pieces);
  } catch (const Error& problem) {
    committer_->fail(problem.what());
  }
}

void Journal::flush() {
  write_pending();
  seal_durable_segments();
}

void Journal::write_pending() {
  const auto pending = static_cast<std::size_t>(tail_.end() - written_);
  if ((pending == 0 && !is_large_unsynced_ && !is_commit_asked_ && leaving_.empty()) || is_failed())
    return;
  auto& segment = current();
  if (pending > 0) {
    const auto pieces = tail_.pieces(written_, pending);
    write(segment, segment.used - pending, {pieces.data(), pieces[1].iov_len > 0 ? 2u : 1u});
    written_ = tail_.end();
  }
  is_large_unsynced_ = false;
  if (!is_failed()) flushed_ = appended_;
  committer_->written(*segment.file, appended_, std::exchange(is_commit_asked_, false));
  for (auto& [number, gone] : leaving_)
    committer_->retire(std::move(gone.file), gone.path, appended_);
  leaving_.clear();
}

std::optional<RecordView> Journal::read(Locator at, std::string& scratch) {
  const auto found = segments_.find(at.segment);
  DAEMONZ_CHECK(found != segments_.end(), "a live record's segment is kept");
  const auto& segment = found->second;
  const SegmentId id{at.segment, segment.first};
  if (segment.is_of_this_run) {
    const auto from = segment.tail_base + at.offset();
    if (const auto head = tail_.view(from, record_header_size, scratch)) {
      const auto header = peek_header(*head, id);
      if (const auto payload =
              tail_.view(from + record_header_size, header.payload_size(), scratch))
        return RecordView{header, payload->substr(0, header.fields_size),
                          payload->substr(header.fields_size)};
    }
  }
  return read_from_disk(at, segment, scratch);
}

std::optional<RecordView> Journal::read_from_disk(Locator at, const Segment& segment,
                                                  std::string& scratch) {
  try {
    scratch.resize(first_read_size);
    scratch.resize(segment.file->read_at(at.offset(), scratch.data(), scratch.size()));
    if (scratch.size() >= record_header_size) {
      const SegmentId id{at.segment, segment.first};
      const auto whole = record_header_size + peek_header(scratch, id).payload_size();
      if (const auto have = scratch.size(); have < whole && whole <= segment.used) {
        scratch.resize(whole);
        scratch.resize(
            have + segment.file->read_at(at.offset() + have, scratch.data() + have, whole - have));
      }
      if (const auto record = decode_record(scratch, id)) return record;
    }
    committer_->fail(segment.path + ": the record at offset " + std::to_string(at.offset()) +
                     " is damaged");
  } catch (const Error& problem) {
    committer_->fail(problem.what());
  }
  return std::nullopt;
}

void Journal::retain(Locator at, std::size_t payload) {
  auto& segment = segments_.at(at.segment);
  const auto size = record_size(payload);
  ++segment.live;
  ++live_;
  segment.live_bytes += size;
  live_bytes_ += size;
}

void Journal::end_recovery() { remove_dead_segments(); }

void Journal::release(Locator at, std::size_t payload) {
  auto& segment = segments_.at(at.segment);
  const auto size = record_size(payload);
  DAEMONZ_CHECK(segment.live > 0 && segment.live_bytes >= size,
                "a record is released once, as it was retained");
  --live_;
  segment.live_bytes -= size;
  live_bytes_ -= size;
  churn_ += size;
  if (--segment.live == 0 && at.segment == segments_.begin()->first) remove_dead_segments();
}

void Journal::remove_dead_segments() {
  while (segments_.size() > 1 && segments_.begin()->second.live == 0) {
    bytes_ -= segments_.begin()->second.used + segments_.begin()->second.index_size;
    index_bytes_ -= segments_.begin()->second.index_size;
    leaving_.insert(segments_.extract(segments_.begin()));
  }
}

Sequence Journal::durable() const noexcept { return committer_->durable(); }
bool Journal::is_failed() const noexcept { return committer_ && committer_->is_failed(); }
std::string Journal::failure() const { return committer_->failure(); }
std::uint32_t Journal::current_segment() const { return segments_.rbegin()->first; }

Figures Journal::figures() const {
  return {.bytes = bytes_,
          .live_bytes = live_bytes_ + index_bytes_ * live_bytes_ /
                                          std::max<std::uint64_t>(bytes_ - index_bytes_, 1),
          .segments = segments_.size(),
          .syncs = committer_->sync_count(),
          .sync_p99_us = committer_->sync_p99_us()};
}

void Journal::close() {
  if (std::exchange(is_closed_, true)) return;
  flush();
  committer_->drain();
  if (is_failed()) throw Error({.what = "cannot sync the log", .where = failure()});
  is_closed_ = false;  // one more record: it proves that all before it was durable
  const bool is_marked = append(mark_type, {}, {}, Commit::asked, Life::passing).has_value();
  is_closed_ = true;
  flush();
  committer_->drain();
  if (is_marked && is_failed()) throw Error({.what = "cannot sync the log", .where = failure()});
  unsealed_.push_back(current_segment());
  seal_durable_segments();
  committer_->drain();
  verifier_.reset();
  maker_.reset();
  committer_.reset();
}

}  // namespace daemonz::journal
