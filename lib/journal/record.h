// The bytes of one record and of a segment's head: encode, check, decode. Follows FORMAT.md.
// Not the log (journal.h): nothing here knows files or order.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace daemonz::journal {

using Sequence = std::uint64_t;  ///< rises by one with each record; the first is 1

/// What a record is for. 0 and 255 are the journal's own; the rest is the owner's.
using RecordType = std::uint8_t;
inline constexpr RecordType mark_type = 0;  ///< written by a clean close: all before it is durable
inline constexpr RecordType index_type = 255;  ///< the last one of a sealed segment (index.h)

inline constexpr std::size_t record_alignment = 8;      ///< so that an offset fits 32 bits of words
inline constexpr std::size_t record_header_size = 22;   ///< of every record, before its fields
inline constexpr std::size_t segment_header_size = 32;  ///< at the start of every segment
inline constexpr std::size_t fields_size_max = UINT16_MAX;
inline constexpr std::uint32_t body_size_max = 64u << 20;  ///< the protocol's limit of an item

/// Where a record stands, in 8 bytes. Names the record for ever: segment numbers are never used
/// again. A value.
struct Locator {
  std::uint32_t segment = 0;  ///< below 2^31; 0: nowhere
  std::uint32_t words = 0;    ///< offset in the segment / record_alignment

  [[nodiscard]] std::uint64_t offset() const { return std::uint64_t{words} * record_alignment; }
  [[nodiscard]] std::uint64_t packed() const { return std::uint64_t{segment} << 32 | words; }
  [[nodiscard]] static Locator unpacked(std::uint64_t bits) {
    return {static_cast<std::uint32_t>(bits >> 32), static_cast<std::uint32_t>(bits)};
  }
  friend auto operator<=>(Locator, Locator) = default;
};

/// A record's header without its checksum.
struct RecordHeader {
  std::uint32_t body_size = 0;
  std::uint16_t fields_size = 0;
  RecordType type = mark_type;
  Sequence sequence = 0;
  /// The newest sequence that was durable when this one was written (0: not told): proves at
  /// recovery which earlier records had been durable, so that damage is told from a torn tail.
  Sequence durable = 0;

  [[nodiscard]] std::size_t payload_size() const { return std::size_t{fields_size} + body_size; }
};

/// Whose record it is: the segment's number (in the checksum) and its first sequence (the header
/// holds the distance from it).
struct SegmentId {
  std::uint32_t number = 0;
  Sequence first = 0;
};

/// A sealed segment whose records were not all looked at.
struct UnverifiedSegment {
  SegmentId id;
  std::uint64_t used = 0;  ///< where its records end
};

/// A checked record in somebody else's memory.
struct RecordView {
  RecordHeader header;
  std::string_view fields, body;
};

/// 128 bits that stand for longer bytes (XXH3-128): owners keep keys in records as these.
struct Hash128 {
  std::uint64_t low = 0, high = 0;
  friend auto operator<=>(const Hash128&, const Hash128&) = default;
};
[[nodiscard]] Hash128 hash128(std::string_view bytes);

/// Header, fields, body and padding.
[[nodiscard]] constexpr std::size_t record_size(std::size_t payload) {
  return (record_header_size + payload + record_alignment - 1) / record_alignment *
         record_alignment;
}

/// The bytes before the fields; the sizes are taken from the pieces. The checksum (XXH3-64) covers
/// the rest of the header, fields and body, and is seeded with the segment's number.
[[nodiscard]] std::array<char, record_header_size> encode_header(RecordHeader header, SegmentId in,
                                                                 std::string_view fields,
                                                                 std::string_view body);

/// The record at the start of `bytes`; nullopt: none, incomplete, or its checksum is wrong.
[[nodiscard]] std::optional<RecordView> decode_record(std::string_view bytes, SegmentId in);

/// Only the header, unchecked: how long the record claims to be. Of record_header_size bytes or
/// more.
[[nodiscard]] RecordHeader peek_header(std::string_view bytes, SegmentId in);

[[nodiscard]] std::array<char, segment_header_size> encode_segment_header(std::uint32_t segment,
                                                                          Sequence first);
/// The first sequence of the segment; nullopt: not the header of segment number `segment`.
[[nodiscard]] std::optional<Sequence> decode_segment_header(std::string_view bytes,
                                                            std::uint32_t segment);

}  // namespace daemonz::journal

template <>
struct std::hash<daemonz::journal::Hash128> {
  std::size_t operator()(const daemonz::journal::Hash128& key) const noexcept { return key.low; }
};

template <>
struct std::hash<daemonz::journal::Locator> {
  std::size_t operator()(daemonz::journal::Locator at) const noexcept {
    return static_cast<std::size_t>(at.packed() * 0x9E3779B97F4A7C15ull >> 7);
  }
};
