// What an envelope becomes between attempts, and what bytes without an envelope become.
#include <algorithm>
#include <cmath>

#include "base/hmac.h"
#include "base/random.h"
#include "base/utf8.h"
#include "job_table/table.h"
#include "offline_tasks/envelope.h"

namespace daemonz::offline_tasks {
namespace {

constexpr std::size_t unique_digest_bytes = 16;

/// RFC 4648, 4.
std::string to_base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto group = bytes.substr(i, 3);
    unsigned bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = (bits << 8) | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      text += k <= group.size() ? digits[(bits >> (18 - 6 * k)) & 63] : '=';
  }
  return text;
}

}  // namespace

Envelope raw_job(std::string_view bytes, const QueueName& queue, WallTime now) {
  Envelope job;
  job.id = new_job_id(now);
  job.task = raw_task;
  job.queue = queue.text();
  job.created = now;
  if (is_utf8(bytes))
    job.args["body"] = bytes;
  else
    job.args["body_base64"] = to_base64(bytes);
  return job;
}

Envelope after_failure(Envelope job, std::string_view why, WallTime now) {
  job.errors.push_back({.attempt = job.attempt, .at = now, .why = to_utf8(why, error_size_max)});
  if (job.errors.size() > errors_kept) job.errors.erase(job.errors.begin());
  ++job.attempt;
  return job;
}

Milliseconds retry_delay(const Envelope& job, double jitter) {
  const std::size_t failures = job.attempt > 0 ? job.attempt - 1 : 0;
  if (!job.backoff.empty()) return job.backoff[std::min(failures, job.backoff.size() - 1)];
  const auto n = static_cast<double>(failures);
  const double seconds = n * n * n * n + 15 + std::clamp(jitter, 0.0, 1.0) * 10 * (n + 1);
  return Milliseconds(std::llround(seconds * 1000));
}

std::string unique_key_digest(std::string_view key) {
  const auto digest = hmac_sha256("daemonz unique key", key);
  return to_hex(std::span(digest).first(unique_digest_bytes));
}

Token Token::of(std::uint32_t attempt, std::uint64_t delivery) {
  return {static_cast<std::uint64_t>(job_table::make_token(attempt, delivery))};
}

}  // namespace daemonz::offline_tasks
