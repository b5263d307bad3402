// How a job travels over HTTP (strategy `http`): what a front end sends to processors behind a load
// balancer, and what their answers mean. The sender is http_way.h, the receiver is
// `daemonz-processor --http HOST:PORT`. Follows jobs.md ("Strategies"), seed row A6 and
// delivery.md, points 1-5 and 17.
//
//   POST /offline_tasks HTTP/1.1          the path is the one of push.url
//   Content-Type: application/json
//
//   {"v":1,"id":"01J..","task":"..",..,"sig":{..}}       one envelope (at most 1 MiB), or an array
//                                                        of at most batch_max: all or nothing
//
// | answer      | means                                                       | the front end     |
// |-------------|-------------------------------------------------------------|-------------------|
// | 202         | durable on the receiver's queue; body {"id":"01J.."}, or    | confirmed         |
// |             | {"ids":[..]}. The same id again: 202, stored once           |                   |
// | 409         | a job with its unique key lives; {"error":..}               | duplicate         |
// | 503         | nothing was stored, the receiver's queue is away or it      | tries again until |
// |             | stops; Retry-After may say when                             | the deadline      |
// | other 5xx   | perhaps stored (also a balancer's 502 and 504)              | unknown: same id  |
// | 429         | its queue is full, nothing was stored                       | refused           |
// | other 4xx   | nothing was stored: 400 no envelope, 401 the signature,     | refused           |
// |             | 404 the path, 413 too large; {"error":"one sentence"}       |                   |
// | other       | no receiver of ours                                         | refused           |
//
// A connection that was never made: unreachable. One that broke or stayed silent after the request
// was sent: unknown. The receiver checks the signature as for a job from the queue, without using
// the nonce up: the same request may come twice.
#pragma once

#include <string_view>

#include "broker/broker.h"

namespace daemonz::offline_tasks {

inline constexpr std::string_view http_path = "/offline_tasks";
inline constexpr std::size_t http_batch_max = 1'000;  ///< envelopes in one request

/// The table above.
[[nodiscard]] constexpr broker::PushState push_state_of(int http_status) {
  using broker::PushState;
  if (http_status == 202) return PushState::confirmed;
  if (http_status == 409) return PushState::duplicate;
  if (http_status == 503) return PushState::unreachable;
  return http_status >= 500 ? PushState::unknown : PushState::refused;
}

}  // namespace daemonz::offline_tasks
