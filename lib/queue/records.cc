#include "queue/records.h"

#include <cstring>

#include "base/check.h"
#include "base/error.h"

namespace daemonz::queue {
namespace {

// Bits of a put's first byte: which of the optional fields follow.
constexpr unsigned has_due = 1, has_expiry = 2, has_id = 4, has_unique = 8, has_replaces = 16,
                   continues = 32;

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
  std::string_view text(std::size_t size) {
    if (bytes_.size() < size) throw Error("a record of the log is not of this version");
    const auto piece = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return piece;
  }
  Locator locator() { return Locator::unpacked(number<std::uint64_t>()); }
  KeyHash hash() {
    const auto low = number<std::uint64_t>();
    return {low, number<std::uint64_t>()};
  }
  std::string_view rest() { return bytes_; }

 private:
  std::string_view bytes_;
};

void add_hash(Fields& fields, const KeyHash& hash) {
  fields.add(hash.low);
  fields.add(hash.high);
}

void add_name(Fields& fields, std::string_view name) {
  fields.add(static_cast<std::uint8_t>(name.size()));
  fields.add(name);
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
  const unsigned bits = (record.due_at ? has_due : 0) | (record.expires_at ? has_expiry : 0) |
                        (record.id ? has_id : 0) | (record.unique ? has_unique : 0) |
                        (record.replaces ? has_replaces : 0) | (record.continues ? continues : 0);
  fields.add(static_cast<std::uint8_t>(bits));
  fields.add(record.priority);
  fields.add(record.flags);
  fields.add(record.max_deliveries);
  fields.add(record.more);
  fields.add(record.stored_at);
  if (record.due_at) fields.add(record.due_at);
  if (record.expires_at) fields.add(record.expires_at);
  if (record.id) add_hash(fields, *record.id);
  if (record.unique) add_hash(fields, *record.unique);
  if (record.replaces) fields.add(record.replaces->packed());
  add_name(fields, record.queue);
  return fields;
}

PutRecord decode_put(std::string_view payload) {
  Reader reader(payload);
  PutRecord record;
  const auto bits = reader.number<std::uint8_t>();
  record.priority = reader.number<std::uint8_t>();
  record.flags = reader.number<std::uint32_t>();
  record.max_deliveries = reader.number<std::uint32_t>();
  record.more = reader.number<std::uint32_t>();
  record.stored_at = reader.number<Milli>();
  record.continues = (bits & continues) != 0;
  if (bits & has_due) record.due_at = reader.number<Milli>();
  if (bits & has_expiry) record.expires_at = reader.number<Milli>();
  if (bits & has_id) record.id = reader.hash();
  if (bits & has_unique) record.unique = reader.hash();
  if (bits & has_replaces) record.replaces = reader.locator();
  record.queue = reader.text(reader.number<std::uint8_t>());
  record.body = reader.rest();
  if (record.priority >= priority_count) throw Error("a record of the log is not of this version");
  return record;
}

Fields encode(const DeliveredRecord& record) {
  Fields fields;
  fields.add(record.at.packed());
  fields.add(record.delivery);
  fields.add(record.deadline);
  fields.add(record.deliveries);
  fields.add(record.kind);
  return fields;
}

DeliveredRecord decode_delivered(std::string_view payload) {
  Reader reader(payload);
  DeliveredRecord record;
  record.at = reader.locator();
  record.delivery = reader.number<DeliveryId>();
  record.deadline = reader.number<Milli>();
  record.deliveries = reader.number<std::uint32_t>();
  record.kind = reader.number<DeliveryKind>();
  return record;
}

Fields encode_done(Locator at) {
  Fields fields;
  fields.add(at.packed());
  return fields;
}

Locator decode_done(std::string_view payload) { return Reader(payload).locator(); }

Fields encode(const MovedRecord& record) {
  Fields fields;
  fields.add(record.at.packed());
  fields.add(record.sequence);
  fields.add(record.due_at);
  fields.add(record.deliveries);
  fields.add(record.size);
  fields.add(record.place);
  fields.add(record.priority);
  fields.add(record.reason);
  add_name(fields, record.queue);
  return fields;
}

MovedRecord decode_moved(std::string_view payload) {
  Reader reader(payload);
  MovedRecord record;
  record.at = reader.locator();
  record.sequence = reader.number<Sequence>();
  record.due_at = reader.number<Milli>();
  record.deliveries = reader.number<std::uint32_t>();
  record.size = reader.number<std::uint32_t>();
  record.place = reader.number<Place>();
  record.priority = reader.number<std::uint8_t>();
  record.reason = reader.number<Reason>();
  record.queue = reader.text(reader.number<std::uint8_t>());
  if (record.priority >= priority_count) throw Error("a record of the log is not of this version");
  return record;
}

Fields encode(const TouchedRecord& record) {
  Fields fields;
  fields.add(record.at.packed());
  fields.add(record.deadline);
  return fields;
}

TouchedRecord decode_touched(std::string_view payload) {
  Reader reader(payload);
  TouchedRecord record;
  record.at = reader.locator();
  record.deadline = reader.number<Milli>();
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
  fields.add(record.until);
  fields.add(record.at.packed());
  fields.add(record.queue);
  return fields;
}

TokenRecord decode_token(std::string_view payload) {
  Reader reader(payload);
  TokenRecord record;
  record.id = reader.hash();
  record.until = reader.number<Milli>();
  record.at = reader.locator();
  record.queue = reader.rest();
  return record;
}

Fields encode(const PausedRecord& record) {
  Fields fields;
  fields.add(record.is_paused);
  fields.add(record.queue);
  return fields;
}

PausedRecord decode_paused(std::string_view payload) {
  Reader reader(payload);
  PausedRecord record;
  record.is_paused = reader.number<bool>();
  record.queue = reader.rest();
  return record;
}

}  // namespace daemonz::queue
