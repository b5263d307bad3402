#include "scheduler/retry.h"

#include "offline_tasks/broker_options.h"
#include "offline_tasks/envelope.h"

namespace daemonz::scheduler {
namespace {

using offline_tasks::Envelope;

/// nullopt: to be pushed as it is.
std::optional<Envelope> revived(const job_table::Job& dead) {
  std::optional<Envelope> job;
  try {
    job = Envelope::decode(dead.envelope);
  } catch (const Error&) {
    return std::nullopt;
  }
  if (!job) return std::nullopt;
  job->max_attempts =
      std::min(job->attempt + std::max(job->max_attempts, 1U), offline_tasks::max_attempts_limit);
  job->run_at.reset();
  job->expires.reset();  // a person wants it now
  return job;
}

/// What is pushed: the revived envelope, or the bytes as they came where that is too large.
std::string body_of(const job_table::Job& dead, const std::optional<Envelope>& job) {
  if (!job) return dead.envelope;
  try {
    return job->encode();
  } catch (const Error&) {
    return dead.envelope;
  }
}

/// "pulls.dead" (where bytes that name no queue came from) -> "pulls".
QueueName home_of(const std::string& queue) {
  constexpr std::string_view suffix = ".dead";
  const std::string_view text = queue;
  return QueueName(text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text);
}

/// What a processor put aside as refused (processor/signatures.h): the bytes as they came.
std::optional<std::string> refused_by_signature(const std::optional<Envelope>& job) {
  if (!job || job->task != offline_tasks::raw_task || job->errors.empty()) return {};
  if (!job->errors.back().why.starts_with("refused: ")) return {};
  return json::string_of(job->args, "body");
}

/// Changes were made by a person's word; the signature must still have been ours before them.
void resign(Envelope& job, std::string_view bytes, const offline_tasks::Signing& signing,
            WallTime now) {
  if (!signing.is_on()) return;
  const auto refusal = offline_tasks::refusal_of(bytes, signing, now);
  if (!refusal || *refusal == offline_tasks::Refusal::expired) sign(job, signing, now);
}

}  // namespace

void retry_dead(const job_table::Job& dead, broker::Broker& broker, db::Connection& connection,
                const Clock& clock, const offline_tasks::Signing& signing) {
  const auto refuse = [&](std::string what) {
    throw Error(ErrorText{.what = std::move(what), .where = "job " + dead.id});
  };
  if (dead.state != job_table::State::dead)
    refuse(std::string("is ") + to_string(dead.state) + ", only dead jobs are retried");
  auto job = revived(dead);
  const auto refused_bytes = refused_by_signature(job);
  if (job && !refused_bytes) resign(*job, dead.envelope, signing, clock.wall());
  broker::PushOptions options;
  if (job && !refused_bytes) options = offline_tasks::broker_options(*job, clock.wall());
  // Another token than the first push's, which the queue may still remember; the same for this
  // death, so that an answer that got lost is asked for again.
  const auto death = dead.id + " " + to_iso8601(dead.failed_at.value_or(dead.updated_at));
  options.id = "retry-" + offline_tasks::unique_key_digest(death);
  const auto body = refused_bytes ? *refused_bytes : body_of(dead, job);
  constexpr int tries = 3;
  broker::PushResult result;
  for (int i = 0; i < tries; ++i) {
    result = broker.push(home_of(dead.queue), body, options);
    if (result.state != broker::PushState::unknown) break;
  }
  if (result.state == broker::PushState::duplicate)
    refuse("a job with its unique key is alive, it is not pushed again");
  if (result.state != broker::PushState::confirmed)
    refuse("the queue did not take it: " + result.detail);
  job_table::Table(connection, clock)
      .record_retried(dead, job ? static_cast<int>(job->max_attempts) : dead.max_attempts);
}

}  // namespace daemonz::scheduler
