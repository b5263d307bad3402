// Makes the store: which folder, which disk, which options per queue. For the programs and the
// tests; who only uses a store includes store.h.
#pragma once

#include <memory>

#include "base/clock.h"
#include "journal/journal.h"
#include "queue/options.h"
#include "queue/store.h"

namespace daemonz::queue {

struct StoreOptions {
  journal::Options journal;
  AllOptions queues;
  /// How long a lease of a connection may be taken over by touch or ack after a restart.
  Milliseconds takeover_time{3'000};
};

/// Recovers everything that the folder holds. Throws Error (see Journal::open). When it returns the
/// store can be served from. `clock` is a loan.
[[nodiscard]] std::unique_ptr<Store> open_store(StoreOptions options, const Clock& clock);

}  // namespace daemonz::queue
