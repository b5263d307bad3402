#include "processor/signatures.h"

#include "base/log.h"

namespace daemonz::processor {

using offline_tasks::Refusal;

std::optional<Refusal> Signatures::refuse(const Reserved& reserved, WallTime now) {
  if (!is_on()) return {};
  std::optional<db::Pool::Taken> connection;
  if (pool_) connection.emplace(pool_->take());
  return gate_.refuse(reserved.lease.body, reserved.job, connection ? &**connection : nullptr, now);
}

Settlement Signatures::bury(const Reserved& reserved, Refusal why, WallTime now) {
  const auto text = offline_tasks::refused_text(why);
  if (why == Refusal::expired)  // authentic, and perhaps the only copy
    return bury_as_it_is({reserved.lease, reserved.job}, text);
  const auto& lease = reserved.lease;
  auto kept = offline_tasks::raw_job(lease.body.substr(0, refused_kept_max), lease.queue, now);
  kept = offline_tasks::after_failure(std::move(kept), text, now);
  Settlement settlement{.kind = Settlement::Kind::dead, .queue = lease.queue.dead(), .why = text};
  settlement.body = kept.encode();
  settlement.job = std::move(kept);
  return settlement;
}

void Signatures::sign(Settlement& settlement, WallTime now) const {
  if (!is_on() || !settlement.queue) return;
  offline_tasks::sign(settlement.job, gate_.signing(), now);
  settlement.body = settlement.job.encode();
}

void Signatures::settled(const Reserved& reserved, WallTime now) {
  if (!is_on()) return;
  try {
    std::optional<db::Pool::Taken> connection;
    if (pool_) connection.emplace(pool_->take());
    gate_.settled(reserved.job, connection ? &**connection : nullptr, now);
  } catch (const Error& problem) {
    log::warn("signing", "settled job not remembered", {{"problem", problem.what()}});
  }
}

}  // namespace daemonz::processor
