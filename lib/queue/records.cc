#include "queue/records.h"

#include <cstring>

#include "base/check.h"
#include "base/error.h"

namespace daemonz::queue {
namespace {

// A put's first two bytes: the priority in four bits, then which of the optional fields follow.
constexpr unsigned priority_bits = 15, has_due = 1 << 4, has_expiry = 1 << 5, has_id = 1 << 6,
                   has_unique = 1 << 7, has_replaces = 1 << 8, continues = 1 << 9,
                   has_flags = 1 << 10, has_max_deliveries = 1 << 11, has_more = 1 << 12;
constexpr unsigned known_bits = (1 << 13) - 1;
constexpr std::size_t time_size = 6;  // milliseconds since 1970 up to the year 10889

[[noreturn]] void refuse() { throw Error("a record of the log is not of this version"); }

constexpr unsigned keyless_bit = 1 << 4;  // beside a moved item's priority
// Bits of a copy's first byte.
constexpr unsigned copy_has_order = 1, copy_has_state = 2;

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class Number>
  Number number() {
    Number value;
    const auto piece = text(sizeof value);
    std::memcpy(&value, piece.data(), sizeof value);
    return value;
  }
  /// Big-endian numbers: those that differ least from record to record have equal first bytes.
  template <std::size_t size>
  std::uint64_t big_endian() {
    std::uint64_t value = 0;
    std::memcpy(&value, text(size).data(), size);
    return __builtin_bswap64(value) >> (8 * (sizeof value - size));
  }
  std::string_view text(std::size_t size) {
    if (bytes_.size() < size) refuse();
    const auto piece = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return piece;
  }
  Milli time() { return static_cast<Milli>(big_endian<time_size>()); }
  Locator locator() { return Locator::unpacked(big_endian<sizeof(std::uint64_t)>()); }
  KeyHash hash() {
    const auto low = number<std::uint64_t>();
    return {low, number<std::uint64_t>()};
  }
  std::string_view text_before(std::size_t behind) {
    if (bytes_.size() < behind) refuse();
    return text(bytes_.size() - behind);
  }
  std::string_view rest() { return bytes_; }

 private:
  std::string_view bytes_;
};

void add_big_endian(Fields& fields, std::uint64_t number, std::size_t size) {
  char bytes[sizeof number];
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(number >> 8 * (size - 1 - i));
  fields.add({bytes, size});
}
void add_time(Fields& fields, Milli time) {
  add_big_endian(fields, static_cast<std::uint64_t>(time), time_size);
}
void add_locator(Fields& fields, Locator at) {
  add_big_endian(fields, at.packed(), sizeof(std::uint64_t));
}
void add_hash(Fields& fields, const KeyHash& hash) {
  fields.add(hash.low);
  fields.add(hash.high);
}

}  // namespace

template <class Number>
void Fields::add(Number number) {
  add(std::string_view(reinterpret_cast<const char*>(&number), sizeof number));
}

void Fields::add(std::string_view text) {
  DAEMONZ_CHECK(size_ + text.size() <= bytes_.size(), "the longest record fits");
  if (!text.empty()) std::memcpy(bytes_.data() + size_, text.data(), text.size());
  size_ += text.size();
}

Fields encode(const PutRecord& record) {
  Fields fields;
  const unsigned bits = record.priority | (record.due_at ? has_due : 0) |
                        (record.expires_at ? has_expiry : 0) | (record.id ? has_id : 0) |
                        (record.unique ? has_unique : 0) | (record.replaces ? has_replaces : 0) |
                        (record.continues ? continues : 0) | (record.flags ? has_flags : 0) |
                        (record.max_deliveries ? has_max_deliveries : 0) |
                        (record.more ? has_more : 0);
  fields.add(static_cast<std::uint16_t>(bits));
  if (record.flags) fields.add(record.flags);
  if (record.max_deliveries) fields.add(record.max_deliveries);
  if (record.more) fields.add(record.more);
  if (record.due_at) add_time(fields, record.due_at);
  if (record.expires_at) add_time(fields, record.expires_at);
  if (record.id) add_hash(fields, *record.id);
  if (record.unique) add_hash(fields, *record.unique);
  if (record.replaces) add_locator(fields, *record.replaces);
  fields.add(record.queue);
  add_time(fields, record.stored_at);
  return fields;
}

std::optional<PlainPut> decode_plain_put(std::string_view bytes) {
  Reader reader(bytes);
  const unsigned bits = reader.number<std::uint16_t>();
  if (bits >= priority_count) return std::nullopt;
  return PlainPut{.queue = reader.text_before(time_size),
                  .priority = static_cast<std::uint8_t>(bits)};
}

PutRecord decode_put(std::string_view bytes) {
  Reader reader(bytes);
  PutRecord record;
  const unsigned bits = reader.number<std::uint16_t>();
  record.priority = bits & priority_bits;
  record.continues = (bits & continues) != 0;
  if (bits & has_flags) record.flags = reader.number<std::uint32_t>();
  if (bits & has_max_deliveries) record.max_deliveries = reader.number<std::uint32_t>();
  if (bits & has_more) record.more = reader.number<std::uint32_t>();
  if (bits & has_due) record.due_at = reader.time();
  if (bits & has_expiry) record.expires_at = reader.time();
  if (bits & has_id) record.id = reader.hash();
  if (bits & has_unique) record.unique = reader.hash();
  if (bits & has_replaces) record.replaces = reader.locator();
  record.queue = reader.text_before(time_size);
  record.stored_at = reader.time();
  if (record.priority >= priority_count || (bits & ~known_bits) != 0) refuse();
  return record;
}

Fields encode(const DeliveredRecord& record) {
  Fields fields;
  fields.add(record.kind);
  if (record.kind != DeliveryKind::pop) {
    add_time(fields, record.deadline);
    fields.add(record.deliveries);
    add_big_endian(fields, record.delivery, sizeof record.delivery);
  }
  add_locator(fields, record.at);
  return fields;
}

DeliveredRecord decode_delivered(std::string_view bytes) {
  Reader reader(bytes);
  DeliveredRecord record;
  record.kind = reader.number<DeliveryKind>();
  if (record.kind > DeliveryKind::open_lease) refuse();
  if (record.kind != DeliveryKind::pop) {
    record.deadline = reader.time();
    record.deliveries = reader.number<std::uint32_t>();
    record.delivery = reader.big_endian<sizeof record.delivery>();
  }
  record.at = reader.locator();
  return record;
}

Fields encode_done(Locator at) {
  Fields fields;
  add_locator(fields, at);
  return fields;
}

Locator decode_done(std::string_view bytes) { return Reader(bytes).locator(); }

Fields encode(const MovedRecord& record) {
  Fields fields;
  fields.add(record.place);
  fields.add(static_cast<std::uint8_t>(record.priority | (record.is_keyless ? keyless_bit : 0)));
  fields.add(record.reason);
  fields.add(record.deliveries);
  fields.add(record.size);
  add_time(fields, record.due_at);
  fields.add(record.queue);
  add_big_endian(fields, record.sequence, sizeof record.sequence);
  add_locator(fields, record.at);
  return fields;
}

MovedRecord decode_moved(std::string_view bytes) {
  Reader reader(bytes);
  MovedRecord record;
  record.place = reader.number<Place>();
  record.priority = reader.number<std::uint8_t>();
  record.is_keyless = (record.priority & keyless_bit) != 0;
  record.priority &= priority_bits;
  record.reason = reader.number<Reason>();
  record.deliveries = reader.number<std::uint32_t>();
  record.size = reader.number<std::uint32_t>();
  record.due_at = reader.time();
  record.queue = reader.text_before(sizeof record.sequence + sizeof(std::uint64_t));
  record.sequence = reader.big_endian<sizeof record.sequence>();
  record.at = reader.locator();
  if (record.priority >= priority_count) refuse();
  return record;
}

Fields encode(const TouchedRecord& record) {
  Fields fields;
  add_time(fields, record.deadline);
  add_locator(fields, record.at);
  return fields;
}

TouchedRecord decode_touched(std::string_view bytes) {
  Reader reader(bytes);
  TouchedRecord record;
  record.deadline = reader.time();
  record.at = reader.locator();
  return record;
}

Fields encode_flushed(std::string_view queue) {
  Fields fields;
  fields.add(queue);
  return fields;
}

Fields encode(const TokenRecord& record) {
  Fields fields;
  add_hash(fields, record.id);
  add_time(fields, record.until);
  add_locator(fields, record.at);
  fields.add(record.queue);
  return fields;
}

std::size_t token_size(std::string_view queue) {
  return encode(TokenRecord{.queue = queue}).view().size();
}
std::size_t paused_size(std::string_view queue) {
  return encode(PausedRecord{.queue = queue}).view().size();
}

TokenRecord decode_token(std::string_view bytes) {
  Reader reader(bytes);
  TokenRecord record;
  record.id = reader.hash();
  record.until = reader.time();
  record.at = reader.locator();
  record.queue = reader.rest();
  return record;
}

Fields encode(const CopiedRecord& record) {
  Fields fields;
  const bool has_order = record.put.order != static_cast<std::int64_t>(record.put.sequence);
  fields.add(static_cast<std::uint8_t>((has_order ? copy_has_order : 0) |
                                       (record.has_state ? copy_has_state : 0)));
  if (has_order) fields.add(record.put.order);
  if (record.has_state) {
    fields.add(record.state);
    fields.add(record.reason);
    fields.add(record.kind);
    fields.add(record.deliveries);
    add_big_endian(fields, record.delivery, sizeof record.delivery);
    add_time(fields, record.timer);
  }
  add_big_endian(fields, record.put.sequence, sizeof record.put.sequence);
  add_locator(fields, record.from);
  auto put = record.put;
  put.due_at = 0;  // the timer says so
  put.more = 0;
  put.continues = false;
  put.replaces.reset();
  fields.add(encode(put).view());
  return fields;
}

CopiedRecord decode_copied(std::string_view bytes) {
  Reader reader(bytes);
  CopiedRecord record;
  const auto bits = reader.number<std::uint8_t>();
  std::optional<std::int64_t> order;
  if (bits & copy_has_order) order = reader.number<std::int64_t>();
  record.has_state = (bits & copy_has_state) != 0;
  if (record.has_state) {
    record.state = reader.number<ItemState>();
    record.reason = reader.number<Reason>();
    record.kind = reader.number<DeliveryKind>();
    record.deliveries = reader.number<std::uint32_t>();
    record.delivery = reader.big_endian<sizeof record.delivery>();
    record.timer = reader.time();
    if (record.state > ItemState::popped || record.kind > DeliveryKind::open_lease) refuse();
  }
  const auto sequence = reader.big_endian<sizeof(Sequence)>();
  record.from = reader.locator();
  record.put = decode_put(reader.rest());
  record.put.sequence = sequence;
  record.put.order = order.value_or(static_cast<std::int64_t>(sequence));
  return record;
}

Fields encode(const PausedRecord& record) {
  Fields fields;
  fields.add(record.is_paused);
  fields.add(record.queue);
  return fields;
}

PausedRecord decode_paused(std::string_view bytes) {
  Reader reader(bytes);
  PausedRecord record;
  const auto is_paused = reader.number<std::uint8_t>();
  if (is_paused > 1) refuse();
  record.is_paused = is_paused == 1;
  record.queue = reader.rest();
  return record;
}

}  // namespace daemonz::queue
