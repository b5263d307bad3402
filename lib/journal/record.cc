#include "journal/record.h"

#define XXH_INLINE_ALL  // the streaming state on the stack, and no call for small records
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace daemonz::journal {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

// Offsets in a record's header (FORMAT.md, "Record").
constexpr std::size_t checksum_at = 0, body_size_at = 8, distance_at = 12, type_at = 16,
                      fields_size_at = 20;
constexpr Sequence unsynced_max = 0xFFFFFF;  // three bytes; this one says nothing
// Offsets in a segment's header (FORMAT.md, "Segment").
constexpr std::string_view magic = "daemonzJ";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t version_at = 8, number_at = 12, first_at = 16, header_checksum_at = 24;

template <class Number>
Number load(std::string_view bytes, std::size_t at) {
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

template <class Number>
void store(char* bytes, std::size_t at, Number number) {
  std::memcpy(bytes + at, &number, sizeof number);
}

/// XXH3-64 of up to three pieces, as if they stood one after the other.
std::uint64_t checksum(std::uint32_t segment, std::string_view a, std::string_view b,
                       std::string_view c) {
  constexpr std::size_t small = 512;  // one call on a copy beats the streaming state's set-up
  if (const auto size = a.size() + b.size() + c.size(); size <= small) {
    char copy[small];
    char* end = copy;
    for (const auto piece : {a, b, c}) {
      if (!piece.empty()) std::memcpy(end, piece.data(), piece.size());
      end += piece.size();
    }
    return XXH3_64bits_withSeed(copy, size, segment);
  }
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_64bits_reset_withSeed(&state, segment);
  for (const auto piece : {a, b, c}) XXH3_64bits_update(&state, piece.data(), piece.size());
  return XXH3_64bits_digest(&state);
}

}  // namespace

std::array<char, record_header_size> encode_header(RecordHeader header, SegmentId in,
                                                   std::string_view fields, std::string_view body) {
  std::array<char, record_header_size> bytes{};
  const auto unsynced = std::min<Sequence>(header.sequence - header.durable, unsynced_max);
  // Type and distance to the durable one share four bytes.
  store(bytes.data(), type_at, static_cast<std::uint32_t>(header.type | unsynced << 8));
  store(bytes.data(), body_size_at, static_cast<std::uint32_t>(body.size()));
  store(bytes.data(), distance_at, static_cast<std::uint32_t>(header.sequence - in.first));
  store(bytes.data(), fields_size_at, static_cast<std::uint16_t>(fields.size()));
  const std::string_view covered(bytes.data() + body_size_at, record_header_size - body_size_at);
  store(bytes.data(), checksum_at, checksum(in.number, covered, fields, body));
  return bytes;
}

RecordHeader peek_header(std::string_view bytes, SegmentId in) {
  const auto type = load<std::uint32_t>(bytes, type_at);
  const auto sequence = in.first + load<std::uint32_t>(bytes, distance_at);
  const Sequence unsynced = type >> 8;
  return {.body_size = load<std::uint32_t>(bytes, body_size_at),
          .fields_size = load<std::uint16_t>(bytes, fields_size_at),
          .type = static_cast<RecordType>(type),
          .sequence = sequence,
          .durable = unsynced == unsynced_max || unsynced > sequence ? 0 : sequence - unsynced};
}

std::optional<RecordView> decode_record(std::string_view bytes, SegmentId in) {
  if (bytes.size() < record_header_size) return std::nullopt;
  const auto header = peek_header(bytes, in);
  if (header.body_size > body_size_max || bytes.size() - record_header_size < header.payload_size())
    return std::nullopt;
  const auto covered =
      bytes.substr(body_size_at, record_header_size - body_size_at + header.payload_size());
  if (load<std::uint64_t>(bytes, checksum_at) !=
      XXH3_64bits_withSeed(covered.data(), covered.size(), in.number))
    return std::nullopt;
  return RecordView{header, bytes.substr(record_header_size, header.fields_size),
                    bytes.substr(record_header_size + header.fields_size, header.body_size)};
}

Hash128 hash128(std::string_view bytes) {
  const auto hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

std::array<char, segment_header_size> encode_segment_header(std::uint32_t segment, Sequence first) {
  std::array<char, segment_header_size> bytes{};
  std::memcpy(bytes.data(), magic.data(), magic.size());
  store(bytes.data(), version_at, format_version);
  store(bytes.data(), number_at, segment);
  store(bytes.data(), first_at, first);
  store(bytes.data(), header_checksum_at,
        XXH3_64bits_withSeed(bytes.data(), header_checksum_at, segment));
  return bytes;
}

std::optional<Sequence> decode_segment_header(std::string_view bytes, std::uint32_t segment) {
  if (bytes.size() < segment_header_size || !bytes.starts_with(magic) ||
      load<std::uint32_t>(bytes, version_at) != format_version ||
      load<std::uint32_t>(bytes, number_at) != segment ||
      load<std::uint64_t>(bytes, header_checksum_at) !=
          XXH3_64bits_withSeed(bytes.data(), header_checksum_at, segment))
    return std::nullopt;
  return load<Sequence>(bytes, first_at);
}

}  // namespace daemonz::journal
