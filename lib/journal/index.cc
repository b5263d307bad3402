#include "journal/index.h"

#include <algorithm>
#include <cstring>

namespace daemonz::journal {
namespace {

/// The last bytes of a sealed file: where its index begins, and this.
constexpr std::string_view trailer_magic = "dzIX";
constexpr std::size_t trailer_size = 8;
/// A prefix and one bit fit a byte.
constexpr std::size_t prefix_max = 127;
/// Type, prefix, and two numbers of at most five bytes; the fields come on top.
constexpr std::size_t entry_head_max = 12;

void add_number(std::string& bytes, std::uint32_t number) {  // LEB128
  for (; number >= 0x80; number >>= 7) bytes.push_back(static_cast<char>(number | 0x80));
  bytes.push_back(static_cast<char>(number));
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const auto limit = std::min({a.size(), b.size(), prefix_max});
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.begin() + limit, b.begin()).first -
                                  a.begin());
}

}  // namespace

void IndexBuilder::add(const IndexEntry& entry) {
  auto& last = history_.of(entry.type);
  const auto prefix = common_prefix(last.fields, entry.fields);
  const bool has_same_sizes =
      last.fields.size() == entry.fields.size() && last.body_size == entry.body_size;
  bytes_.push_back(static_cast<char>(entry.type));
  bytes_.push_back(static_cast<char>(prefix << 1 | (has_same_sizes ? 1 : 0)));
  if (!has_same_sizes) {
    add_number(bytes_, static_cast<std::uint32_t>(entry.fields.size() - prefix));
    add_number(bytes_, entry.body_size);
  }
  const auto suffix = entry.fields.substr(prefix);
  bytes_.append(suffix);
  last.fields.replace(prefix, std::string::npos, suffix);
  last.body_size = entry.body_size;
  ++count_;
}

std::size_t IndexBuilder::room_with(std::size_t fields) const {
  return record_size(bytes_.size() + entry_head_max + fields) + trailer_size;
}

std::optional<std::uint32_t> IndexReader::number() {
  std::uint32_t value = 0;
  for (unsigned shift = 0; shift < 32 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= std::uint32_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

std::optional<IndexEntry> IndexReader::next() {
  if (rest_.size() < 2) return std::nullopt;
  const auto type = static_cast<RecordType>(rest_[0]);
  const auto bits = static_cast<std::uint8_t>(rest_[1]);
  rest_.remove_prefix(2);
  auto& last = history_.of(type);
  const std::size_t prefix = bits >> 1;
  if (prefix > last.fields.size()) return std::nullopt;
  auto suffix = last.fields.size() - prefix;
  if ((bits & 1) == 0) {
    const auto length = number(), body_size = number();
    if (!length || !body_size) return std::nullopt;
    suffix = *length;
    last.body_size = *body_size;
  }
  if (suffix > rest_.size() || prefix + suffix > fields_size_max || last.body_size > body_size_max)
    return std::nullopt;
  last.fields.replace(prefix, std::string::npos, rest_.substr(0, suffix));
  rest_.remove_prefix(suffix);
  return IndexEntry{type, last.fields, last.body_size};
}

std::uint64_t write_index(DiskFile& file, SegmentId id, std::uint64_t used,
                          const IndexBuilder& index) {
  const auto body = index.bytes();
  const auto next = id.first + index.count();
  const auto header =
      encode_header({.type = index_type, .sequence = next, .durable = next - 1}, id, {}, body);
  std::string end(record_size(body.size()) - record_header_size - body.size(), '\0');
  const auto words = static_cast<std::uint32_t>(used / record_alignment);
  end.append(reinterpret_cast<const char*>(&words), sizeof words).append(trailer_magic);
  std::array<iovec, 3> pieces{};  // pwritev(2) only reads them
  std::ranges::transform(
      std::array{std::string_view(header.data(), header.size()), body, std::string_view(end)},
      pieces.begin(), [](std::string_view piece) {
        return iovec{const_cast<char*>(piece.data()), piece.size()};
      });
  file.write_at(used, pieces);
  const auto size = used + record_size(body.size()) + trailer_size;
  file.truncate(size);
  return size;
}

std::optional<SealedSegment> read_index(const DiskFile& file, SegmentId id) {
  const auto size = file.size();
  std::array<char, trailer_size> trailer{};
  if (size < segment_header_size + record_header_size + trailer_size ||
      file.read_at(size - trailer_size, trailer.data(), trailer_size) != trailer_size ||
      std::memcmp(trailer.data() + 4, trailer_magic.data(), trailer_magic.size()) != 0)
    return std::nullopt;
  std::uint32_t words = 0;
  std::memcpy(&words, trailer.data(), sizeof words);
  const Locator at{id.number, words};
  if (at.offset() < segment_header_size || at.offset() > size - trailer_size) return std::nullopt;
  std::string bytes(size - trailer_size - at.offset(), '\0');
  bytes.resize(file.read_at(at.offset(), bytes.data(), bytes.size()));
  const auto record = decode_record(bytes, id);
  if (!record || record->header.type != index_type || record->header.fields_size != 0)
    return std::nullopt;
  const auto count = static_cast<std::uint32_t>(record->header.sequence - id.first);
  const auto length = record->body.size();
  bytes.erase(0, record_header_size);
  bytes.resize(length);
  return SealedSegment{.used = at.offset(), .count = count, .index = std::move(bytes)};
}

}  // namespace daemonz::journal
