#include "processor/http_answers.h"

#include "base/error.h"
#include "offline_tasks/broker_options.h"
#include "offline_tasks/http_wire.h"
#include "offline_tasks/push.h"

namespace daemonz::processor {
namespace {

using broker::PushState;
using offline_tasks::Envelope;

HttpAnswer refused(int status, std::string why) {
  return {status, {{"error", std::move(why)}}, {}};
}

/// What is wrong with the request, as a status and a sentence.
struct Refused {
  int status;
  std::string why;
};

Envelope read_job(std::string_view body, const offline_tasks::Signing& signing) {
  std::optional<Envelope> job;
  try {
    job = Envelope::decode(body);
  } catch (const Error& problem) {
    throw Refused{400, problem.what()};
  }
  if (!job) throw Refused{400, "not an envelope (a JSON object with \"v\" and \"task\")"};
  if (body.size() > offline_tasks::envelope_size_max.count)
    throw Refused{413, "a job of more than 1 MiB"};
  if (signing.is_on())
    if (const auto why = offline_tasks::refusal_of(body, signing, real_clock().wall()))
      throw Refused{401, offline_tasks::refused_text(*why)};
  if (job->queue.empty()) job->queue = offline_tasks::pushes;
  return std::move(*job);
}

bool are_alike(const Envelope& one, const Envelope& other) {
  return one.queue == other.queue && one.priority == other.priority && one.run_at == other.run_at &&
         one.max_deliveries == other.max_deliveries && one.unique.empty() && other.unique.empty();
}

HttpAnswer answer_of(const broker::PushResult& result, const std::vector<Envelope>& jobs,
                     bool is_batch) {
  switch (result.state) {
    case PushState::confirmed: break;
    case PushState::duplicate: return refused(409, "a job with this unique key is alive");
    case PushState::refused: return refused(429, "the queue refused it: " + result.detail);
    case PushState::unreachable: {
      auto answer = refused(503, "the queue is away: " + result.detail);
      answer.retry_after = 1;
      return answer;
    }
    case PushState::unknown: return refused(504, "the queue gave no answer: " + result.detail);
  }
  if (!is_batch) return {202, {{"id", jobs.front().id}}, {}};
  json::array ids;
  for (const auto& job : jobs) ids.push_back(json::value(job.id));
  return {202, {{"ids", std::move(ids)}}, {}};
}

}  // namespace

std::optional<JobQuestion> parse_job_question(std::string_view target) {
  constexpr std::string_view path = "/jobs/", wait = "wait=";
  if (!target.starts_with(path)) return std::nullopt;
  target.remove_prefix(path.size());
  const auto mark = target.find('?');
  JobQuestion question{.id = std::string(target.substr(0, mark))};
  if (!offline_tasks::is_job_id(question.id)) return std::nullopt;
  if (mark == std::string_view::npos) return question;
  const auto query = target.substr(mark + 1);
  const auto seconds =
      query.starts_with(wait) ? parse_number(query.substr(wait.size())) : std::nullopt;
  if (!seconds) return std::nullopt;
  question.wait = std::min(http_wait_max, Seconds(std::min<std::uint64_t>(*seconds, 3600)));
  return question;
}

HttpAnswer answer_of(const offline_tasks::JobStatus& status) {
  using offline_tasks::JobState;
  HttpAnswer answer{200,
                    {{"id", status.id},
                     {"state", offline_tasks::to_string(status.state)},
                     {"attempts", status.attempts},
                     {"progress",
                      {{"done", status.progress.done},
                       {"total", status.progress.total},
                       {"note", status.progress.note}}},
                     {"result", status.result},
                     {"last_error", status.last_error}},
                    {}};
  if (status.state == JobState::unknown) answer.status = 404;
  if (!status.is_over()) answer.retry_after = 1;
  return answer;
}

std::vector<std::string_view> elements_of(std::string_view text, std::size_t count_max) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos || text[begin] != '[') return {text};
  std::vector<std::string_view> elements;
  std::size_t depth = 0, from = begin + 1;
  bool is_inside_string = false;
  for (auto at = begin; at < text.size(); ++at) {
    const char c = text[at];
    if (is_inside_string) {
      if (c == '\\') ++at;
      if (c == '"') is_inside_string = false;
      continue;
    }
    if (c == '"') is_inside_string = true;
    if (c == '[' || c == '{') ++depth;
    const bool is_end = c == ']' || c == '}';
    if ((c == ',' && depth == 1) || (is_end && depth == 1)) {
      elements.push_back(text.substr(from, at - from));
      from = at + 1;
      if (elements.size() > count_max)
        throw Error("more than " + std::to_string(count_max) + " jobs in one request");
    }
    if (is_end && --depth == 0) {
      if (text.find_first_not_of(blanks, at + 1) != std::string_view::npos) break;
      return elements;
    }
  }
  throw Error("not a JSON array");
}

HttpAnswer JobTaker::take(std::string_view body) {
  if (options_.is_stopping && options_.is_stopping()) {
    auto answer = refused(503, "this processor stops");
    answer.retry_after = 1;
    return answer;
  }
  std::vector<Envelope> jobs;
  std::vector<std::string> bodies;
  try {
    for (const auto element : elements_of(body, offline_tasks::http_batch_max)) {
      jobs.push_back(read_job(element, options_.signing));
      bodies.emplace_back(element);
      if (jobs.size() > 1 && !are_alike(jobs.front(), jobs.back()))
        throw Refused{400,
                      "the jobs of one batch go into one queue, with one priority and delay, "
                      "and have no unique keys"};
    }
  } catch (const Refused& refusal) {
    return refused(refusal.status, refusal.why);
  } catch (const Error& problem) {
    return refused(400, problem.what());
  }
  const bool is_batch = body.substr(0, bodies.front().size()) != bodies.front();
  for (const auto& job : jobs) options_.record(job, true);
  if (!connection_) connection_ = options_.connect_broker();
  const QueueName queue(jobs.front().queue);
  const auto how = offline_tasks::broker_options(jobs.front(), real_clock().wall());
  const auto result = jobs.size() == 1 ? connection_->push(queue, bodies.front(), how)
                                       : connection_->push_many(queue, bodies, how);
  const bool may_be_there =
      result.state == PushState::confirmed || result.state == PushState::unknown;
  for (const auto& job : jobs)
    if (!may_be_there) options_.record(job, false);
  return answer_of(result, jobs, is_batch);
}

}  // namespace daemonz::processor
