// A key token: `name[,name..][/option..]`, taken apart and checked. Follows queue-protocol.md,
// "Names and keys". Pure: no queue is looked up here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/queue_name.h"
#include "base/units.h"

namespace daemonz::queue_server {

inline constexpr std::size_t key_size_max = 250;  ///< memcached's, and libmemcached's own limit
inline constexpr Milliseconds wait_max{30'000};   ///< of t=: clients close after their poll timeout
inline constexpr std::uint64_t batch_max = 1'000;           ///< of n= and list=: bounds an answer
inline constexpr std::uint64_t many_count_max = 1'000'000;  ///< of many=; its body is bounded too
inline constexpr std::size_t token_size_max = 64;           ///< of id=

/// Every option that some command knows. The values index KeyToken's bits.
enum class Option : std::uint8_t {
  priority,
  delay,
  ttl,
  deliveries,
  sync,
  id,
  unique,
  many,
  ack,  // set
  timeout,
  open,
  close,
  abort,
  peek,
  lease,
  count,
  min,
  max,
  echo,
  list,
  after,
  reason,  // get
  nack,
  undo,
  bury,
  dead,
  sequence,
  pause,
  resume,
  kick,
  flush,  // delete
};

/// What may stand in a key of this command.
enum class KeyUse : std::uint8_t { set, get, remove, touch, plain };

/// `fault` is the whole reply line where the token is bad, else empty.
struct KeyToken {
  std::string_view text;  ///< as sent
  std::vector<QueueName> queues;
  std::uint32_t options = 0;  ///< bits by Option
  std::string fault;

  Priority priority = priority_default;
  Milliseconds delay{0}, timeout{0};
  std::optional<Milliseconds> ttl, lease;
  std::uint32_t deliveries = 0;
  std::string_view id, unique;
  std::uint64_t many = 0, count = 1, sequence = 0, kick = 0, list = 0, after = 0;
  std::uint64_t delivery = 0;               ///< of ack, nack, bury, dead; of a touch's lease
  std::optional<QueueName> delivery_queue;  ///< of ack=ID:q
  Priority priority_min = priority_first, priority_max = priority_last;

  [[nodiscard]] bool has(Option option) const {
    return (options >> static_cast<unsigned>(option) & 1u) != 0;
  }
};

[[nodiscard]] KeyToken parse_key(std::string_view text, KeyUse use);

}  // namespace daemonz::queue_server
