#include "processor/aftermath.h"

#include "base/log.h"
#include "offline_tasks/push.h"

namespace daemonz::processor {
namespace {

using offline_tasks::Envelope;

constexpr int follow_up_tries = 5;

/// "JOB.done0": the same at each repetition.
offline_tasks::JobId follow_up_id(const Envelope& job, std::size_t number) {
  const auto end = ".done" + std::to_string(number);
  if (job.id.size() + end.size() <= offline_tasks::job_id_size_max) return job.id + end;
  return offline_tasks::unique_key_digest(job.id) + end;
}

void push_one(Workshop& workshop, const Envelope& further) {
  Backoff backoff(workshop.options.unreachable_wait_max);
  for (int tries = 1;; ++tries) {
    try {
      workshop.reports.pushed(further);
      (void)workshop.push(further);
      return;
    } catch (const Error& problem) {
      const bool is_over =
          tries == follow_up_tries || !workshop.stop.pause_while_finishing(backoff.next());
      if (!is_over) continue;
      log::error("processor", "a follow-up task is lost",
                 {{"job", further.id}, {"task", further.task}, {"problem", problem.what()}});
      return;
    }
  }
}

}  // namespace

void push_follow_ups(Workshop& workshop, const Envelope& job) {
  for (std::size_t i = 0; i < job.on_done.size(); ++i) {
    const auto& action = job.on_done[i];
    if (action.task.empty()) continue;
    auto further = offline_tasks::follow_up(action, workshop.options.clock->wall());
    further.id = follow_up_id(job, i);
    push_one(workshop, further);
  }
}

void tell(Workshop& workshop, const Envelope& job, const Settlement& settlement,
          const json::value& result) {
  if (settlement.kind == Settlement::Kind::done) {
    const json::object message{{"id", job.id}, {"task", job.task}, {"result", result}};
    for (const auto& action : job.on_done) {
      if (!action.exec.empty() && !workshop.options.runs_commands_of_jobs)
        log::warn("processor", "the command of a job's on_done is not run: see on_done_commands",
                  {{"job", job.id}, {"command", action.exec.front()}});
      else if (!action.exec.empty() || !action.webhook.empty())
        workshop.hooks.call({.command = action.exec, .webhook = action.webhook},
                            json::serialize(message));
    }
    return;
  }
  if (settlement.kind == Settlement::Kind::later) return;
  const auto message = offline_tasks::error_message(
      job,
      {.state = to_string(settlement.kind), .error = settlement.why, .trace = settlement.trace});
  for (const auto& hook : workshop.options.on_error) workshop.hooks.call(hook, message);
}

bool has_aftermath(const Envelope& job) { return !job.on_done.empty() || job.unique_until(); }

}  // namespace daemonz::processor
