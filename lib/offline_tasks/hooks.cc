#include "offline_tasks/hooks.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "process/run.h"

namespace daemonz::offline_tasks {
namespace {

std::string name_of(const Hook& hook) {
  return hook.command.empty() ? hook.webhook : hook.command.front();
}

void make_call(const Hook& hook, const std::string& message) {
  if (!hook.webhook.empty()) {
    const int status = post_json(hook.webhook, message, hook_time_max);
    if (status < 200 || status > 299)
      throw Error("it answered with the status " + std::to_string(status));
    return;
  }
  const auto ended =
      process::run({.argv = hook.command, .input = message + "\n", .time_limit = hook_time_max});
  if (ended.is_timed_out) throw Error("it took longer than " + daemonz::to_string(hook_time_max));
  if (!ended.status.is_success()) throw Error("it failed: " + ended.errors.substr(0, 500));
}

}  // namespace

std::string error_message(const Envelope& job, const ErrorFacts& facts) {
  json::object message{{"id", job.id},         {"task", job.task},
                       {"queue", job.queue},   {"attempt", job.attempt + 1},
                       {"state", facts.state}, {"error", facts.error}};
  if (!facts.trace.empty()) message["trace"] = facts.trace;
  return json::serialize(message);
}

Hooks::~Hooks() {
  {
    const std::scoped_lock lock(guard_);
    is_ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Hooks::call(const Hook& hook, std::string message) noexcept {
  try {
    const std::scoped_lock lock(guard_);
    if (waiting_.size() >= hook_calls_max) {
      log::warn("hooks", "hook dropped, too many wait", {{"hook", name_of(hook)}});
      return;
    }
    waiting_.push_back({hook, std::move(message)});
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    changed_.notify_all();
  } catch (const std::exception& problem) {  // no memory, no thread
    log::warn("hooks", "hook dropped", {{"problem", problem.what()}});
  }
}

void Hooks::run() {
  std::optional<SteadyTime> ends_at;
  for (;;) {
    std::optional<Call> next;
    {
      std::unique_lock lock(guard_);
      changed_.wait(lock, [&] { return is_ending_ || !waiting_.empty(); });
      if (is_ending_ && !ends_at) ends_at = real_clock().steady() + hook_drain_max;
      if (waiting_.empty() || (ends_at && real_clock().steady() >= *ends_at)) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    try {
      make_call(next->hook, next->message);
    } catch (const std::exception& problem) {
      log::warn("hooks", "hook failed",
                {{"hook", name_of(next->hook)}, {"problem", problem.what()}});
    }
  }
}

}  // namespace daemonz::offline_tasks
