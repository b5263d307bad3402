// What is to become of a delivery after its attempt, as one decision without side effects: outcome
// in, one broker operation and one report out. Follows jobs.md, "The processor", and delivery.md,
// points 15 and 16.
#pragma once

#include <optional>
#include <string>

#include "broker/broker.h"
#include "offline_tasks/envelope.h"
#include "offline_tasks/outcome.h"

namespace daemonz::processor {

/// One delivery as it was popped.
struct Delivery {
  const broker::Lease& lease;
  const offline_tasks::Envelope& job;
};

/// The task of the item that holds a unique key after its job is done (Options::unique_for): it
/// waits until then, and whoever pops it acknowledges it.
inline constexpr std::string_view unique_holder_task = "daemonz.unique_holder";

struct Settlement {
  enum class Kind {
    done,   ///< ack
    later,  ///< successor, no attempt counted
    retry,  ///< successor with the next attempt
    dead    ///< into the dead queue
  };
  Kind kind = Kind::done;
  /// Where the successor goes; nullopt: ack (done), or the bytes as they are into the dead queue.
  std::optional<QueueName> queue;
  std::string body;  ///< the successor's, or those bytes
  broker::PushOptions options;
  bool is_dropped = false;      ///< dead, and nobody keeps it: acknowledged
  std::string why;              ///< in words, for the log
  std::string trace;            ///< where its exception was thrown; empty: not known
  offline_tasks::Envelope job;  ///< the successor

  /// As delayed_job's last_error: the words, and below them the trace.
  [[nodiscard]] std::string error() const { return trace.empty() ? why : why + "\n" + trace; }
};

/// `jitter`: 0..1, spreads retries.
[[nodiscard]] Settlement decide(const Delivery& delivery, const offline_tasks::Outcome& outcome,
                                WallTime now, double jitter);

/// Into the dead queue with the bytes as they came: no successor of it can travel. `why` goes to
/// the job table.
[[nodiscard]] Settlement bury_as_it_is(const Delivery& delivery, std::string why);

[[nodiscard]] const char* to_string(Settlement::Kind kind);

}  // namespace daemonz::processor
