// The full entry of an item that is more than a locator in a FIFO: leased, delayed, buried, dead or
// returned. Not the body: that stands in the log.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "journal/record.h"
#include "queue/requests.h"

namespace daemonz::queue {

class Queue;
using journal::Locator;

/// Where an item goes that is put back. Written in records: never renumber.
enum class Place : std::uint8_t { head = 0, tail = 1, delayed = 2, buried = 3 };

/// Written in records: never renumber.
enum class DeliveryKind : std::uint8_t { pop = 0, lease = 1, open = 2, open_lease = 3 };

/// One entry, one state; never two structures for one item. Threads: one.
struct Item {
  // As in the log.
  Locator at;
  Sequence sequence = 0;      ///< of its put
  std::int64_t order = 0;     ///< its place among the ready of its priority: see FORMAT.md
  std::uint32_t size = 0;     ///< of the body, bytes
  std::uint32_t payload = 0;  ///< of its record, bytes
  std::uint32_t max_deliveries = 0;
  std::uint32_t deliveries = 0;
  std::uint8_t priority = 0;
  Reason reason = Reason::none;
  std::optional<KeyHash> id, unique;
  // Where it stands now.
  Queue* queue = nullptr;
  ItemState state = ItemState::ready;
  DeliveryKind kind{};              ///< leased only
  DeliveryId delivery = 0;          ///< leased only
  ConnectionId connection = 0;      ///< that it comes back from when lost; 0: none
  std::optional<SteadyTime> timer;  ///< end of the lease or of the delay
  /// A restart of the server took its connection: it waits to be taken over, until the timer at
  /// most, and this is the lease's own end.
  std::optional<SteadyTime> own_end;
};
static_assert(sizeof(Item) <= 160, "there may be millions");

}  // namespace daemonz::queue
