#include "processor/settlement.h"

#include <algorithm>

#include "base/utf8.h"
#include "offline_tasks/broker_options.h"

namespace daemonz::processor {
namespace {

using offline_tasks::Envelope;

/// A retry goes back where the job was pushed first; a name that is none cannot be gone back to.
QueueName home_of(const Delivery& delivery) {
  return QueueName::parse(delivery.job.queue).value_or(delivery.lease.queue);
}

/// What a handler says may be any bytes of any length; logs, rows and JSON are for people.
std::string shown(const std::string& why) { return to_utf8(why, offline_tasks::error_size_max); }

/// The errors make a job grow; near the size limit they are given up before the job is.
std::optional<std::string> encoded(Envelope& job) {
  try {
    return job.encode();
  } catch (const Error&) {
    job.errors.clear();
  }
  try {
    return job.encode();
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// A decision on its way: its words are known, its job is the one that was delivered.
Settlement begun(Settlement::Kind kind, const Delivery& delivery, const std::string& why,
                 std::string trace = {}) {
  return {.kind = kind, .why = shown(why), .trace = std::move(trace), .job = delivery.job};
}

void count_attempt(Settlement& settlement, WallTime now) {
  settlement.job = offline_tasks::after_failure(std::move(settlement.job), settlement.error(), now);
}

Settlement bury(const Delivery& delivery, Settlement settlement) {
  settlement.kind = Settlement::Kind::dead;
  if (!settlement.job.keeps_failed) {
    settlement.is_dropped = true;
    return settlement;
  }
  settlement.job.run_at.reset();
  auto body = encoded(settlement.job);
  if (!body) {
    auto as_it_is = bury_as_it_is(delivery, settlement.why);
    as_it_is.trace = std::move(settlement.trace);
    return as_it_is;
  }
  settlement.queue = home_of(delivery).dead();
  settlement.body = std::move(*body);
  settlement.options = offline_tasks::successor_options(settlement.job, Milliseconds(0));
  return settlement;
}

Settlement put_back(const Delivery& delivery, Settlement settlement, Milliseconds wanted,
                    WallTime now) {
  const auto delay = std::clamp(wanted, Milliseconds(0), offline_tasks::span_max);
  settlement.job.run_at = now + delay;
  auto body = encoded(settlement.job);
  if (!body) {
    settlement.why = "too large for a retry: " + settlement.why;
    return bury(delivery, std::move(settlement));
  }
  settlement.queue = home_of(delivery);
  settlement.body = std::move(*body);
  settlement.options = offline_tasks::successor_options(settlement.job, delay);
  return settlement;
}

Settlement after_fail(const Delivery& delivery, const offline_tasks::Fail& fail, WallTime now,
                      double jitter) {
  auto settlement = begun(Settlement::Kind::retry, delivery, fail.why, fail.trace);
  count_attempt(settlement, now);
  const auto& successor = settlement.job;
  if (successor.attempt >= successor.max_attempts) return bury(delivery, std::move(settlement));
  const auto delay = offline_tasks::retry_delay(successor, jitter);
  return put_back(delivery, std::move(settlement), delay, now);
}

Settlement hold_unique_key(const Delivery& delivery, WallTime until, WallTime now) {
  Settlement settlement{.kind = Settlement::Kind::done, .job = delivery.job};
  Envelope holder;
  holder.id = delivery.job.id;
  holder.task = unique_holder_task;
  holder.queue = home_of(delivery).text();
  holder.created = now;
  holder.run_at = until;
  holder.unique["key"] = delivery.job.unique_key();  // without "for": it is the end of that time
  const auto delay = std::chrono::ceil<Milliseconds>(until - now);
  if (auto body = encoded(holder)) {
    settlement.queue = home_of(delivery);
    settlement.body = std::move(*body);
    settlement.options = offline_tasks::successor_options(holder, delay);
    settlement.job = std::move(holder);
  }
  return settlement;
}

}  // namespace

Settlement decide(const Delivery& delivery, const offline_tasks::Outcome& outcome, WallTime now,
                  double jitter) {
  using namespace offline_tasks;
  if (const auto* again = std::get_if<Again>(&outcome))
    return put_back(delivery, begun(Settlement::Kind::later, delivery, again->why), again->in, now);
  if (const auto* fail = std::get_if<Fail>(&outcome))
    return after_fail(delivery, *fail, now, jitter);
  if (const auto* kill = std::get_if<Kill>(&outcome)) {
    auto settlement = begun(Settlement::Kind::dead, delivery, kill->why);
    count_attempt(settlement, now);
    return bury(delivery, std::move(settlement));
  }
  if (const auto until = delivery.job.unique_until(); until && *until > now)
    return hold_unique_key(delivery, *until, now);
  return {.kind = Settlement::Kind::done, .job = delivery.job};
}

Settlement bury_as_it_is(const Delivery& delivery, std::string why) {
  return {.kind = Settlement::Kind::dead,
          .body = delivery.lease.body,
          .why = std::move(why),
          .job = delivery.job};
}

const char* to_string(Settlement::Kind kind) {
  switch (kind) {
    case Settlement::Kind::done: return "done";
    case Settlement::Kind::later: return "put off";
    case Settlement::Kind::retry: return "failed";
    case Settlement::Kind::dead: break;
  }
  return "dead";
}

}  // namespace daemonz::processor
