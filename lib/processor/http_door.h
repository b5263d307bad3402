// The processor's door for HTTP: takes jobs by signed POST and puts them onto the queue, and tells
// what became of a job. On one thread of its own, beside the lanes. Not a web server: loopback and
// internal addresses only, no TLS, no page. Follows offline_tasks/http_wire.h (who sends and what
// the answers mean) and seed rows A6, B2, E1.
//
//   POST /offline_tasks            202 {"id":..} when the job is durable on the queue
//   GET /jobs/ID?wait=SECONDS      200 {"id","state","attempts","progress","result","last_error"};
//                                  with Retry-After while it is not over. 404: no row of it.
//                                  `wait` (0..30) is answered when the job is over, or then.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "broker/broker.h"
#include "offline_tasks/signing.h"
#include "offline_tasks/status.h"

namespace daemonz::processor {

inline constexpr std::size_t http_connections_max = 256;  ///< further ones wait in the backlog
inline constexpr std::size_t http_header_max = 16 << 10;
inline constexpr std::size_t http_body_max = 16 << 20;  ///< a batch; one envelope has 1 MiB
inline constexpr Seconds http_wait_max{30};             ///< of a GET
inline constexpr Seconds http_request_time{10};         ///< to send a request, or to take an answer
inline constexpr Seconds http_idle_time{30};            ///< between two requests of a connection

struct HttpDoorOptions {
  std::string address;  ///< HOST:PORT, [::1]:PORT; port 0: any
  std::function<std::unique_ptr<broker::Broker>()> connect_broker;
  offline_tasks::Signing signing;
  std::function<bool()> is_stopping;  ///< then jobs are answered 503: another processor takes them
  /// Before and, with false, after a push that was refused: the row of a job that is tracked.
  std::function<void(const offline_tasks::Envelope&, bool is_pushed)> record;
  std::function<offline_tasks::JobStatus(const offline_tasks::JobId&)> status;
};

/// Listens from construction to destruction. Threads: one.
class HttpDoor {
 public:
  /// Throws Error when the address is none, not an internal one, or taken.
  explicit HttpDoor(HttpDoorOptions options);
  ~HttpDoor();
  HttpDoor(const HttpDoor&) = delete;
  HttpDoor& operator=(const HttpDoor&) = delete;
  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace daemonz::processor
