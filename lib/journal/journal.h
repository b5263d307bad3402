// An append-only, checksummed log in segments, with group commit on a thread of its own. Follows
// FORMAT.md (the bytes) and design.md, "The queue's storage". It knows records, not what they mean:
// the owner says which records are alive, and the oldest segments without live records are removed.
//
//     auto journal = Journal::open(options, [&](const Replayed& record) { .. });
//     Locator at = journal->append(type, fields, body, Commit::asked);   // in memory
//     journal->flush();                                // written; the commit thread syncs it
//     .. on_durable(sequence) is called, and then the client may hear STORED
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "base/units.h"
#include "journal/background.h"
#include "journal/disk.h"
#include "journal/record.h"
#include "journal/tail.h"

namespace daemonz::journal {

class Committer;
class IndexBuilder;
class SegmentMaker;
class Verifier;
struct Scan;

struct Options {
  std::string folder;                  ///< made if missing; locked while the journal is open
  Bytes segment_size = mebibytes(16);  ///< less on a file system that has not room for many
  Bytes memory = mebibytes(32);  ///< the last appended bytes, kept for reading without the disk
  Milliseconds ride_max{1'000};  ///< a record that asks for no commit is synced after at most this
  /// So much of the newest sealed segments is verified before the start; the rest while it serves.
  Bytes verified_at_start = mebibytes(128);
  Disk* disk = nullptr;  ///< a loan; nullptr: real_disk()
  /// Called by the commit thread after each sync, and once when the disk has failed. Must return
  /// soon and may only hand over to the owner's thread.
  std::function<void()> on_commit;
  ByHand* by_hand = nullptr;  ///< a loan; nullptr: threads do the work in the background
};

/// One record at recovery, in log order. `fields` lives until the callback returns; the body is
/// not looked at.
struct Replayed {
  RecordType type;
  Sequence sequence;
  Locator at;
  std::string_view fields;
  std::uint32_t body_size;
};

/// What recovery found.
struct Recovery {
  std::uint64_t records = 0;
  std::uint64_t cut_bytes = 0;  ///< of a torn tail (never confirmed to anybody)
  std::uint32_t segments = 0;
  Milliseconds took{0};
};

/// Whether a record starts a sync by itself or rides with the next one.
enum class Commit { asked, rides };

/// Figures for stats. Times in microseconds.
struct Figures {
  std::uint64_t bytes = 0;       ///< of all segments on disk, as written (not as reserved)
  std::uint64_t live_bytes = 0;  ///< of these, what is alive, with its share of the indexes
  std::uint64_t segments = 0;
  std::uint64_t syncs = 0;
  std::uint64_t sync_p99_us = 0;  ///< of the last 1,024 syncs
};

/// Threads: one, but for on_commit (see there), durable() and is_failed(). What survives a crash of
/// the process: everything flushed. Of the machine: everything up to durable().
class Journal {
 public:
  using Replay = std::function<void(const Replayed&)>;

  /// Locks the folder, replays every record, cuts a torn tail and begins a new segment. Throws
  /// Error, with every file untouched, when another process holds the folder (its pid is named),
  /// the folder cannot be written, or a record before the tail is damaged (its segment and offset
  /// are named).
  [[nodiscard]] static std::unique_ptr<Journal> open(Options options, const Replay& replay);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Puts a record behind all others, in memory: flush() writes it. A replay gives `fields` back,
  /// not `body`. An alive one keeps its segment until release(). nullopt: nothing was appended; the
  /// disk is full to the last byte or failed.
  enum class Life { alive, passing };
  std::optional<Locator> append(RecordType type, std::string_view fields, std::string_view body,
                                Commit commit, Life life);
  /// Everything appended so far is to be synced with the next flush, although it asked for nothing.
  void ask_commit() { is_commit_asked_ = true; }
  /// Writes all that was appended in one call and wakes the commit thread. Never syncs itself.
  void flush();
  /// Finds a place on the disk for so many payload bytes in so many records, beside what is kept
  /// back for when the disk is full: see space.cc. False: refuse the put.
  [[nodiscard]] bool make_room(std::size_t payload, std::size_t records = 1);
  /// The same for a record that ends nothing and adds nothing (an item that moves, a copy), beside
  /// which less is kept back. False: not now, else acknowledgements would not find their room.
  [[nodiscard]] bool make_room_for_move(std::size_t payload);
  /// Whether a record that may be skipped should be written: there is more room than what
  /// acknowledgements and copies need.
  [[nodiscard]] bool has_room_for_passing();

  [[nodiscard]] Sequence appended() const { return appended_; }  ///< of the newest record
  [[nodiscard]] Sequence written() const { return flushed_; }    ///< newest that flush() wrote
  [[nodiscard]] Sequence durable() const noexcept;               ///< Threads: any
  [[nodiscard]] bool is_failed() const noexcept;                 ///< Threads: any
  [[nodiscard]] std::string failure() const;                     ///< why; empty if not failed

  /// A live record. It stands in `scratch` or in the journal's memory, and is good until the next
  /// append (in `scratch`: as long as that). nullopt: the disk gave other bytes than were written
  /// (is_failed() now).
  [[nodiscard]] std::optional<RecordView> read(Locator at, std::string& scratch);
  /// Whether the record's segment is still kept.
  [[nodiscard]] bool holds(Locator at) const { return segments_.contains(at.segment); }

  /// The record (with so many payload bytes) has one more reason to be kept: a replayed record is
  /// alive, or something besides the item itself stands in it. append() counts the first by itself.
  void retain(Locator at, std::size_t payload);
  /// After the last retain(): segments that hold nothing alive go.
  void end_recovery();
  /// The record has one reason less, as it was retained. A segment without live records goes when
  /// it is the oldest, and when everything appended so far is durable.
  void release(Locator at, std::size_t payload);

  /// The segment whose living records should be appended again and released, so that it can go and
  /// the disk use stays within its bound; nullopt: there is no need. See space.cc.
  struct Cleaning {
    std::uint32_t segment = 0;
    bool is_late = false;  ///< the bound is broken: as fast as can be
  };
  [[nodiscard]] std::optional<Cleaning> to_clean();
  /// All bytes ever appended or released in this run: what cleaning keeps pace with.
  [[nodiscard]] std::uint64_t churn() const { return churn_; }

  /// The segment that append() last wrote to; the first one of this run is larger than any segment
  /// of earlier runs.
  [[nodiscard]] std::uint32_t current_segment() const;
  [[nodiscard]] const Recovery& recovery() const { return recovery_; }
  [[nodiscard]] Figures figures() const;

  /// Writes and syncs everything and leaves a mark of a clean end. Idempotent. Throws Error when
  /// the disk refuses.
  void close();

 private:
  struct Segment {
    std::unique_ptr<DiskFile> file;
    std::string path;
    Sequence first = 0;                   ///< of its records
    std::uint64_t used = 0;               ///< bytes of its records and its header
    std::uint64_t capacity = 0;           ///< bytes that have a place on the disk
    std::uint64_t index_size = 0;         ///< once it is sealed
    std::unique_ptr<IndexBuilder> index;  ///< grows with it; nullptr: it is sealed, or cannot be
    std::uint64_t live = 0;               ///< records that are alive
    std::uint64_t live_bytes = 0;
    std::uint64_t tail_base = 0;  ///< position of its first byte in tail_; in this run
    bool is_of_this_run = false;
  };

  explicit Journal(Options options);
  void recover(const Replay& replay);
  /// Cuts what is behind the end of the log, and opens the segments. The path of the newest segment
  /// where that one is to go: not before there is a newer one.
  [[nodiscard]] std::string take_over(Scan& found);
  void start_background();
  /// Hands to the committer what recovery read without proof that it is durable.
  void sync_recovered();
  /// Throws Error when the disk has no place for it.
  void begin_segment(std::uint32_t number, std::uint64_t at_least = 0);
  [[nodiscard]] bool try_begin_segment(std::uint64_t at_least);
  void write(Segment& segment, std::uint64_t offset, std::span<const iovec> pieces);
  void write_pending();
  void write_large(Segment& segment, std::array<std::string_view, 3> pieces, std::size_t size);
  void remove_dead_segments();
  /// The index of each full segment is written when all its records are durable, not before: it is
  /// the proof that they were.
  void seal_durable_segments();
  void seal(std::uint32_t number, Segment& segment);
  /// Bytes for records: what the index needs at the end is not among them.
  [[nodiscard]] static std::uint64_t room_left(const Segment& segment, std::size_t fields);
  void choose_segment_size();
  [[nodiscard]] bool find_room(std::size_t payload, std::size_t records, std::size_t living,
                               std::uint64_t segments);
  [[nodiscard]] bool has_room(std::uint64_t bytes, std::uint64_t records, std::uint64_t segments);
  [[nodiscard]] Segment& current() { return segments_.rbegin()->second; }
  [[nodiscard]] const Segment& current() const { return segments_.rbegin()->second; }
  [[nodiscard]] std::optional<RecordView> read_from_disk(Locator at, const Segment& segment,
                                                         std::string& scratch);

  Options options_;
  Disk& disk_;
  UniqueFd lock_;
  Recovery recovery_;
  std::map<std::uint32_t, Segment> segments_;  ///< by number; the last one is written to
  std::map<std::uint32_t, Segment> leaving_;   ///< without live records, until the next flush
  std::deque<std::uint32_t> unsealed_;         ///< full segments, in order
  std::vector<UnverifiedSegment> unverified_;  ///< what recovery left to the verifier
  Sequence proven_ = 0;                        ///< up to here recovery knows that all is durable
  std::uint64_t bytes_ = 0;                    ///< of all segments
  std::uint64_t index_bytes_ = 0;              ///< of these, indexes
  std::uint64_t live_ = 0, live_bytes_ = 0;    ///< the same of all segments
  std::uint64_t churn_ = 0;
  /// Bytes that the disk took when it was last asked, less what came since.
  std::uint64_t room_ = 0;
  Tail tail_;                  ///< the last appended bytes, written or not
  std::uint64_t written_ = 0;  ///< position in tail_ up to which all is written
  Sequence appended_ = 0, flushed_ = 0;
  bool is_commit_asked_ = false;
  bool is_large_unsynced_ = false;  ///< written past tail_, and the committer does not know yet
  bool is_closed_ = false;
  std::unique_ptr<SegmentMaker> maker_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Verifier> verifier_;
};

}  // namespace daemonz::journal
