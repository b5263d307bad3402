// The engine for one machine: our queue server. Follows queue-protocol.md.
#pragma once

#include <memory>

#include "broker/broker.h"

namespace daemonz::broker {

/// Threads: as Broker. Throws Error for a URL that is not this engine's.
[[nodiscard]] std::unique_ptr<Broker> connect_memcache(const Options& options);

}  // namespace daemonz::broker
