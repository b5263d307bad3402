#include "journal/record_reader.h"

#include <algorithm>

namespace daemonz::journal {
namespace {

constexpr std::size_t window_size = 256 * 1024;  // stays in the processor's cache

}  // namespace

bool RecordReader::has(std::size_t size) {
  if (size > size_ || at_ > size_ - size) return false;
  if (at_ + size <= window_at_ + filled_) return true;
  if (capacity_ < size || !window_) {
    capacity_ = std::max(size, window_size);
    window_ = std::make_unique_for_overwrite<char[]>(capacity_);
  }
  window_at_ = at_;
  filled_ = file_.read_at(at_, window_.get(), capacity_);
  return filled_ >= size;
}

std::optional<RecordView> RecordReader::next() {
  if (!has(record_header_size)) return std::nullopt;
  const auto bytes = [&] {
    return std::string_view(window_.get(), filled_).substr(at_ - window_at_);
  };
  const auto header = peek_header(bytes(), id_);
  if (header.sequence != id_.first + count_ || header.body_size > body_size_max ||
      !has(record_header_size + header.payload_size()))
    return std::nullopt;
  const auto record = decode_record(bytes(), id_);
  if (!record) return std::nullopt;
  at_ = std::min(at_ + record_size(header.payload_size()), size_);
  ++count_;
  return record;
}

std::optional<std::uint64_t> find_damage(const DiskFile& file, SegmentId id, std::uint64_t used) {
  RecordReader reader(file, id);
  while (reader.offset() < used)
    if (!reader.next()) return reader.offset();
  return std::nullopt;
}

}  // namespace daemonz::journal
