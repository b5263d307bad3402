// The records that the store writes: fields to bytes and back. Follows FORMAT.md beside this file.
// Times are wall clock milliseconds since 1970, 0 where there is none.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "journal/record.h"
#include "queue/item.h"
#include "queue/requests.h"

namespace daemonz::queue {

/// Written in records: never renumber.
enum class RecordKind : journal::RecordType {
  put = 1,        ///< an item; possibly the successor of another
  delivered = 2,  ///< handed out (a plain pop: and gone)
  done = 3,       ///< acknowledged, removed or expired
  moved = 4,      ///< put back, delayed, buried, or into another queue
  touched = 5,    ///< a lease has a new deadline
  flushed = 6,    ///< a queue was emptied
  paused = 7,     ///< a queue hands nothing out, or does again
  token = 8,      ///< a retry token whose put stood in a segment that goes
  copied = 9,     ///< an item of a segment that goes, with all that is known of it
};

using Milli = std::int64_t;  ///< wall clock, milliseconds since 1970; 0: none

struct PutRecord {
  std::string_view queue, body;
  std::uint8_t priority = 0;
  std::uint32_t flags = 0, max_deliveries = 0;
  std::uint32_t more = 0;  ///< further records of the same put_many; they count together or not
  bool continues = false;  ///< not the first record of its put_many
  Milli stored_at = 0, due_at = 0, expires_at = 0;
  std::optional<KeyHash> id, unique;
  std::optional<Locator> replaces;  ///< the item that this one succeeds
  // Not among the bytes of a put:
  Sequence sequence = 0;      ///< of the item's put
  std::int64_t order = 0;     ///< its place among the ready of its priority: see FORMAT.md
  Locator at;                 ///< of the record
  std::uint32_t payload = 0;  ///< bytes of the record
};

struct DeliveredRecord {
  Locator at;
  DeliveryId delivery = 0;
  Milli deadline = 0;
  std::uint32_t deliveries = 0;
  DeliveryKind kind = DeliveryKind::pop;
};

struct MovedRecord {  // says all, so that a popped item can come back
  Locator at;
  Sequence sequence = 0;
  Milli due_at = 0;
  std::uint32_t deliveries = 0, size = 0;
  Place place = Place::head;
  bool is_keyless = false;  ///< its unique key was free for another item, which holds it now
  std::uint8_t priority = 0;
  Reason reason = Reason::none;
  std::string_view queue;
};

struct TouchedRecord {
  Locator at;
  Milli deadline = 0;
};

struct PausedRecord {
  std::string_view queue;
  bool is_paused = false;
};

struct TokenRecord {
  KeyHash id;
  Milli until = 0;
  Locator at;
  std::string_view queue;
};

struct CopiedRecord {
  PutRecord put;  ///< queue, priority and unique key as they are now; sequence and order too
  Locator from;   ///< where the item was known before
  bool has_state = false;  ///< false: it is ready and was never handed out
  ItemState state = ItemState::ready;
  Reason reason = Reason::none;
  DeliveryKind kind = DeliveryKind::lease;
  std::uint32_t deliveries = 0;
  DeliveryId delivery = 0;
  Milli timer = 0;  ///< end of the delay or of the lease
};

/// The longest fields are a copy's of an item with all it can have and a name of 200 bytes.
inline constexpr std::size_t fields_size_max = 336;

/// Encoded fields in place. Threads: one.
class Fields {
 public:
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }
  template <class Number>
  void add(Number number);
  void add(std::string_view text);

 private:
  std::array<char, fields_size_max> bytes_;
  std::size_t size_ = 0;
};

/// The fields only: the body follows them in the record.
[[nodiscard]] Fields encode(const PutRecord& record);
[[nodiscard]] Fields encode(const DeliveredRecord& record);
[[nodiscard]] Fields encode_done(Locator at);
[[nodiscard]] Fields encode(const MovedRecord& record);
[[nodiscard]] Fields encode(const TouchedRecord& record);
[[nodiscard]] Fields encode_flushed(std::string_view queue);
[[nodiscard]] Fields encode(const PausedRecord& record);
[[nodiscard]] Fields encode(const TokenRecord& record);
[[nodiscard]] Fields encode(const CopiedRecord& record);
/// How many bytes these fields have.
[[nodiscard]] std::size_t token_size(std::string_view queue);
[[nodiscard]] std::size_t paused_size(std::string_view queue);

/// Throw Error("a record is not of this version") on bytes that no encode wrote.
/// Without the body.
/// Of a put that says nothing but these and its time: most of what a start reads.
struct PlainPut {
  std::string_view queue;
  std::uint8_t priority = 0;
};
/// nullopt: it says more.
[[nodiscard]] std::optional<PlainPut> decode_plain_put(std::string_view bytes);
[[nodiscard]] PutRecord decode_put(std::string_view fields);
[[nodiscard]] DeliveredRecord decode_delivered(std::string_view fields);
[[nodiscard]] Locator decode_done(std::string_view fields);
[[nodiscard]] MovedRecord decode_moved(std::string_view fields);
[[nodiscard]] TouchedRecord decode_touched(std::string_view fields);
[[nodiscard]] PausedRecord decode_paused(std::string_view fields);
[[nodiscard]] TokenRecord decode_token(std::string_view fields);
[[nodiscard]] CopiedRecord decode_copied(std::string_view fields);

}  // namespace daemonz::queue
