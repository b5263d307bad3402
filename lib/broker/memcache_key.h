// The key tokens of the queue server's protocol: queue names and options in one word. Follows
// queue-protocol.md, "Names and keys". Pure: no connection in here.
#pragma once

#include <string>

#include "broker/broker.h"

namespace daemonz::broker {

/// "q/p=3/d=500/ttl=60000/r=5/id=KEY/u=HEX32"; what stands at its default is left out.
[[nodiscard]] std::string push_key(const QueueName& queue, const PushOptions& options);
/// The same with "/many=COUNT".
[[nodiscard]] std::string push_many_key(const QueueName& queue, const PushOptions& options,
                                        std::size_t count);
/// The same with "/ack=ID:QUEUE" of the lease that is settled.
[[nodiscard]] std::string replace_key(const Lease& lease, const QueueName& queue,
                                      const PushOptions& options);
/// "q1,q2/open/lease=10000/t=500[/min=../max=..][/ack=ID:q]". `wait` is cut to wait_max. With the
/// ack the key may be longer than key_size_max: then that goes first, by itself.
[[nodiscard]] std::string pop_key(const PopRequest& request, Milliseconds wait);
/// "q/id=KEY"
[[nodiscard]] std::string id_key(const QueueName& queue, const std::string& id);
/// "q/VERB=ID", for ack, nack, dead, lease.
[[nodiscard]] std::string lease_key(const Lease& lease, const char* verb);

// Each throws Error when the token is longer than key_size_max, or when an id or unique key has
// characters or a length that the protocol does not know.

}  // namespace daemonz::broker
