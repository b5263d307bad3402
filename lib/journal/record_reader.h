// The records of one segment, read one behind the other with little memory. Not a start (that is
// recovery.h): it knows no other segment.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "journal/disk.h"
#include "journal/record.h"

namespace daemonz::journal {

/// `file` is a loan. Threads: one.
class RecordReader {
 public:
  RecordReader(const DiskFile& file, SegmentId id)
      : file_(file), id_(id), size_(file.size()), at_(segment_header_size) {}

  /// The next record, good until the next call. nullopt: none that is complete, in sequence and has
  /// its checksum; offset() stays where it should begin.
  [[nodiscard]] std::optional<RecordView> next();
  /// Behind the last record that next() gave.
  [[nodiscard]] std::uint64_t offset() const { return at_; }
  [[nodiscard]] std::uint32_t count() const { return count_; }  ///< of records given

 private:
  /// Whether the file has so many bytes at at_; then they are in the window.
  [[nodiscard]] bool has(std::size_t size);

  const DiskFile& file_;
  const SegmentId id_;
  const std::uint64_t size_;  ///< of the file
  std::uint64_t at_;
  std::uint32_t count_ = 0;
  std::unique_ptr<char[]> window_;
  std::size_t capacity_ = 0, filled_ = 0;
  std::uint64_t window_at_ = 0;  ///< offset of its first byte
};

/// Reads all records of a sealed segment. nullopt: they are good; else the offset of the first one
/// that is not.
[[nodiscard]] std::optional<std::uint64_t> find_damage(const DiskFile& file, SegmentId id,
                                                       std::uint64_t used);

}  // namespace daemonz::journal
