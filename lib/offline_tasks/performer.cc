#include "offline_tasks/performer.h"

#include "base/log.h"
#include "offline_tasks/push.h"
#include "offline_tasks/registry.h"

namespace daemonz::offline_tasks {
namespace {

JobStatus status_of(const Envelope& job, JobState state) {
  return {.id = job.id, .state = state, .attempts = job.attempt + 1};
}

}  // namespace

Outcome Performer::run(const Envelope& job, const std::function<bool()>& stop_requested,
                       const std::function<Outcome(Context&)>& body) {
  if (!parts_.registry)
    throw Error(ErrorText{.what = "nobody here performs tasks",
                          .where = "job " + job.id + " (" + job.task + ")",
                          .hint = "connect({.registry = &registry, ..}) with "
                                  "Registry::of<YourTasks>()"});
  std::optional<db::Pool::Taken> connection;
  Context::Parts parts{.job = job, .token = Token::of(job.attempt, 1)};
  parts.stop_requested = stop_requested;
  if (parts_.database)
    parts.db = [&]() -> db::Connection& {
      if (!connection) connection.emplace(parts_.database());
      if (!(*connection)->is_in_transaction()) (*connection)->verify();
      return **connection;
    };
  parts.report_progress = [&](const Progress& progress) {
    auto status = status_of(job, JobState::running);
    status.progress = progress;
    results_.keep(std::move(status));
  };
  parts.services = parts_.services;
  parts.push = parts_.push;
  Context context(std::move(parts));
  return body(context);
}

Outcome Performer::perform(const Envelope& pushed) {
  const auto job = Envelope::decode(pushed.encode()).value();
  auto outcome = run(job, {}, [&](Context& context) { return parts_.registry->perform(context); });
  if (const auto* done = std::get_if<Done>(&outcome)) {
    auto status = status_of(job, JobState::done);
    status.result = done->result;
    results_.keep(std::move(status));
    follow(job);
  }
  return outcome;
}

/// A hook cannot fail its job.
void Performer::follow(const Envelope& job) {
  for (const auto& action : job.on_done) {
    if (action.task.empty()) {
      log::info("offline_tasks", "on_done left out: only a processor runs commands and webhooks",
                {{"job", job.id}});
      continue;
    }
    try {
      (void)parts_.push(follow_up(action, parts_.now()));
    } catch (const std::exception& problem) {
      log::warn("offline_tasks", "follow-up not pushed",
                {{"job", job.id}, {"task", action.task}, {"why", problem.what()}});
    }
  }
}

Performer::Settled Performer::settle(const Envelope& pushed,
                                     const std::function<bool()>& stop_requested,
                                     std::optional<Envelope>& successor) {
  const auto job = Envelope::decode(pushed.encode()).value();
  successor.reset();
  const auto now = parts_.now();
  auto outcome = job.expires && *job.expires <= now
                     ? Outcome(Kill{"expired before it was started"})
                     : run(job, stop_requested, [&](Context& context) {
                         results_.keep(status_of(job, JobState::running));
                         return parts_.registry->dispatch(context, now);
                       });
  auto status = status_of(job, JobState::done);
  if (const auto* done = std::get_if<Done>(&outcome)) {
    if (job.keeps_result) status.result = done->result;
    results_.keep(std::move(status));
    follow(job);
    return Settled::done;
  }
  if (const auto* again = std::get_if<Again>(&outcome)) {
    successor = job;
    successor->run_at = now + std::max(again->in, Milliseconds(1));  // or drain() never ended
    status.last_error = again->why;
  } else {
    const auto* kill = std::get_if<Kill>(&outcome);
    status.last_error = kill ? kill->why : std::get<Fail>(outcome).why;
    auto next = after_failure(job, status.last_error, now);
    if (!kill && next.attempt < next.max_attempts) {
      next.run_at = now + retry_delay(next, 0);
      successor = std::move(next);
    }
    log::warn("offline_tasks", successor ? "job failed" : "job dead",
              {{"job", job.id}, {"task", job.task}, {"why", status.last_error}});
  }
  status.state = successor ? JobState::retrying : JobState::dead;
  results_.keep(std::move(status));
  return successor ? Settled::again : Settled::dead;
}

}  // namespace daemonz::offline_tasks
