#include "move_items.h"

#include <unistd.h>

#include <iostream>

#include "base/error.h"
#include "base/progress_bar.h"
#include "broker/broker.h"
#include "offline_tasks/broker_options.h"
#include "program.h"

namespace daemonz::program {
namespace {

using offline_tasks::Envelope;

/// Of an envelope what its push would say; other bytes travel as they are.
broker::PushOptions options_of(const std::string& body) {
  try {
    if (const auto job = Envelope::decode(body))
      return offline_tasks::broker_options(*job, real_clock().wall());
  } catch (const Error&) {
    // an envelope with a fault: the processor that meets it says so
  }
  return {};
}

/// Throws Error when the other server did not take it; it stays here then.
void move_one(const broker::Lease& item, broker::Broker& from, broker::Broker& to) {
  constexpr int tries = 3;  // of an unknown end: the same id again is stored once
  const auto options = options_of(item.body);
  broker::PushResult result;
  for (int i = 0; i < tries; ++i) {
    result = to.push(item.queue, item.body, options);
    if (result.state != broker::PushState::unknown) break;
  }
  // A duplicate is there already: from an earlier move, or another job that holds its unique key.
  if (result.state == broker::PushState::confirmed ||
      result.state == broker::PushState::duplicate) {
    (void)from.ack(item);  // lost: it is handed out again, and a duplicate then
    return;
  }
  (void)from.release(item, broker::Broker::Release::uncounted);
  throw Error(ErrorText{.what = "an item was not taken: " + result.detail,
                        .where = "queue " + item.queue.text(),
                        .hint = "It stays where it was. Run this again when that is mended."});
}

}  // namespace

int move_items(const std::string& from_url, const std::string& to_url) {
  if (from_url == to_url)
    throw Error(ErrorText{.what = "--from and --to are the same", .where = from_url});
  const auto from = broker::connect({.url = from_url});
  const auto to = broker::connect({.url = to_url});
  (void)to->queues();  // reached, before anything is taken
  const auto queues = from->queues();
  std::size_t total = 0, count = 0;
  for (const auto& queue : queues) total += from->depth(queue);
  {
    ProgressBar bar(std::cerr,
                    {.is_terminal = ::isatty(STDERR_FILENO) != 0, .total = total, .unit = "moved"});
    for (const auto& queue : queues)
      for (auto popped = from->pop({.queues = {queue}}); popped.lease;
           popped = from->pop({.queues = {queue}})) {
        move_one(*popped.lease, *from, *to);
        bar.show(++count);
      }
  }
  std::cerr << count << " items moved; delayed and leased ones stay\n";
  return exit_done;
}

}  // namespace daemonz::program
