// The index at the end of a sealed segment: of each record what a start needs, so that no start
// reads the bodies. Not how a segment is read or written: that is recovery.h and journal.h. Follows
// FORMAT.md, "Index".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "journal/disk.h"
#include "journal/record.h"

namespace daemonz::journal {

/// One record as the index tells it. Offset and sequence follow from the records before it.
struct IndexEntry {
  RecordType type = mark_type;
  std::string_view fields;
  std::uint32_t body_size = 0;
};

/// The last entry of each type: the next one is told by what differs from it. Threads: one.
class IndexHistory {
 public:
  struct Last {
    std::string fields;
    std::uint32_t body_size = 0;
  };
  [[nodiscard]] Last& of(RecordType type) {
    if (lasts_.size() <= type) lasts_.resize(type + std::size_t{1});
    return lasts_[type];
  }

 private:
  std::vector<Last> lasts_;
};

/// Grows with its segment. Threads: one.
class IndexBuilder {
 public:
  void add(const IndexEntry& entry);
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  [[nodiscard]] std::uint32_t count() const { return count_; }
  /// What the finished index takes in the segment after one more record with such fields.
  [[nodiscard]] std::size_t room_with(std::size_t fields) const;

 private:
  std::string bytes_;
  std::uint32_t count_ = 0;
  IndexHistory history_;
};

/// The entries of an index, in order. Threads: one.
class IndexReader {
 public:
  explicit IndexReader(std::string_view bytes) : rest_(bytes) {}
  /// nullopt: the end, or bytes that no builder wrote. Its fields are good until the next call.
  [[nodiscard]] std::optional<IndexEntry> next();

 private:
  [[nodiscard]] std::optional<std::uint32_t> number();
  std::string_view rest_;
  IndexHistory history_;
};

/// A segment whose index was read and is good: all its records had been durable before it was
/// written.
struct SealedSegment {
  std::uint64_t used = 0;  ///< where the records end and the index begins
  std::uint32_t count = 0;
  std::string index;
};

/// Writes the index behind the segment's records (they end at `used`) and cuts the file behind it.
/// Only when all of them are durable. Returns the file's size. Throws Error when the disk refuses;
/// the records are as good as before then.
std::uint64_t write_index(DiskFile& file, SegmentId id, std::uint64_t used,
                          const IndexBuilder& index);
/// nullopt: it has no index, or a torn one.
[[nodiscard]] std::optional<SealedSegment> read_index(const DiskFile& file, SegmentId id);

}  // namespace daemonz::journal
