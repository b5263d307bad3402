// How a process hands jobs over: connect() once, in main, with the strategy as a value, so that the
// call sites of push.h are the same in production, development and tests. Follows jobs.md
// ("Strategies", the fallback chain) and delivery.md, point 17.
//
//     offline_tasks::connect({.broker = "memcache+unix://tmp/daemonz/queue.sock",
//                             .fallback = {Fallback::queue, Fallback::spool},
//                             .spool = "tmp/daemonz/spool"});
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "offline_tasks/context.h"
#include "offline_tasks/options.h"
#include "offline_tasks/signing.h"

namespace daemonz::offline_tasks {

class Registry;

/// How a push travels. All make the same round trip through JSON.
enum class Strategy {
  queue,    ///< to the processors, through the broker: production
  http,     ///< a signed POST to processors behind a load balancer (http_wire.h)
  async,    ///< threads of this process perform it: development
  in_call,  ///< performed inside the push, exceptions come out: tests; "inline" in daemonz.yml
  fake      ///< recorded, see fake.h: tests
};
[[nodiscard]] const char* to_string(Strategy strategy);
[[nodiscard]] std::optional<Strategy> parse_strategy(std::string_view text);

/// Who takes a job, in order, for the strategies queue and http. After an unknown push (it may have
/// arrived) only the spool is asked.
enum class Fallback {
  queue,    ///< the strategy's own way, queue or http
  spool,    ///< a file on this machine, replayed when the queue is back (spool.h)
  in_call,  ///< performed inside the push
  discard   ///< dropped with a line in the log
};
[[nodiscard]] const char* to_string(Fallback fallback);

/// Jobs of these tasks go onto `queue` where the call site names none. `tasks` is a glob: `*`
/// stands for any characters ("mail_*"). The first route that fits wins; it beats daemonz.yml's
/// `tasks:` and the task's own queue, for push_push.
struct Route {
  std::string tasks;
  std::string queue;
};

/// Looks at each job before it is signed and handed over; may change it (arguments, context,
/// options) and refuses it by throwing. In order. Threads: any.
using PushMiddleware = std::function<void(Envelope&)>;

struct ConnectOptions {
  Strategy strategy = Strategy::queue;
  std::string broker = "memcache://127.0.0.1:22122";
  std::string url;             ///< http: http://HOST[:PORT]/PATH
  std::string database;        ///< for status() and wait(); empty: they are not to be had
  Milliseconds deadline{250};  ///< of one push to queue or http, all repetitions included
  std::vector<Fallback> fallback = {Fallback::queue};
  std::string spool;                     ///< its folder; made when first used
  Signing signing;                       ///< of what is pushed from here
  std::map<std::string, Options> tasks;  ///< what daemonz.yml says, by task name
  std::vector<Route> routes;
  std::vector<PushMiddleware> middleware;
  int threads = 1;                     ///< async: jobs at a time
  const Registry* registry = nullptr;  ///< who performs here (async, in_call, fake). A loan
  const Services* services = nullptr;  ///< what handlers may use here. A loan
};
inline constexpr int async_threads_max = 64;  ///< more is no development machine

/// Once per process, before the first push; a second call replaces the first for later pushes.
/// Checks the options (throws Error); the queue is reached at the first push. Connections are kept
/// in a pool, one for each push that is under way. After fork(2) the child makes its own (async: it
/// calls connect() again). What a spool holds is replayed, while the queue answers and for at most
/// connect_replay_max.
void connect(ConnectOptions options);
inline constexpr Milliseconds connect_replay_max{2'000};
/// Closes the connections. async: jobs that are due are finished, those for later are dropped with
/// a line in the log. Pushes throw Error from here on. Not while one is under way.
void disconnect();

}  // namespace daemonz::offline_tasks
