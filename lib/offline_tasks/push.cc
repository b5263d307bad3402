#include "offline_tasks/push.h"

#include <fnmatch.h>

#include <algorithm>
#include <atomic>

#include "offline_tasks/fake.h"
#include "offline_tasks/front.h"

namespace daemonz::offline_tasks {
namespace {

std::atomic<std::shared_ptr<Front>> the_front;

/// The queue of the first route whose glob fits.
std::optional<std::string> routed(const std::vector<Route>& routes, const std::string& task) {
  for (const auto& route : routes)
    if (::fnmatch(route.tasks.c_str(), task.c_str(), 0) == 0) return route.queue;
  return {};
}

/// call site > routes > daemonz.yml > task > built in; the queue as the direction says.
Options merged_options(const PushRequest& request, const Front* connected) {
  auto options = request.call_site;
  if (connected) {
    const auto& known = connected->options();
    if (!options.queue) options.queue = routed(known.routes, request.task);
    if (const auto told = known.tasks.find(request.task); told != known.tasks.end())
      options = merge(std::move(options), told->second);
  }
  options = merge(merge(std::move(options), request.task_defaults), built_in());
  if (request.direction == Direction::pull) options.queue = request.call_site.queue;
  if (!options.queue) options.queue = request.direction == Direction::pull ? pulls : pushes;
  if (!options.track)
    options.track = request.direction == Direction::pull ? Track::all : Track::failures;
  return options;
}

std::optional<WallTime> due_time(const Options& options, WallTime now) {
  if (options.run_at) return options.run_at;
  if (options.delay && options.delay->count() > 0) return now + *options.delay;
  return {};
}

}  // namespace

std::shared_ptr<Front> front_if_any() noexcept { return the_front.load(); }

std::shared_ptr<Front> front() {
  if (auto connected = front_if_any()) return connected;
  throw Error(
      ErrorText{.what = "a push before offline_tasks::connect()",
                .hint = "Call connect({.broker = \"memcache://127.0.0.1:22122\"}) once, in main"});
}

void connect(ConnectOptions options) {
  // Shared: see front(). A push under way keeps the old one alive until it ends.
  const auto connected = std::make_shared<Front>(std::move(options));
  the_front = connected;
  const auto& told = connected->options();
  const bool has_spool =
      std::find(told.fallback.begin(), told.fallback.end(), Fallback::spool) != told.fallback.end();
  const bool is_remote = told.strategy == Strategy::queue || told.strategy == Strategy::http;
  if (!has_spool || !is_remote) return;
  try {
    (void)connected->replay(real_clock().steady() + connect_replay_max);
  } catch (const Error& problem) {  // a folder that cannot be read keeps nobody from pushing
    log::warn("spool", "cannot be replayed now", {{"problem", problem.what()}});
  }
}

void disconnect() { the_front.store(nullptr); }

std::string session_token(std::string_view subject, Milliseconds lifetime) {
  const auto connected = front();
  return session_token(subject, lifetime, connected->options().signing, connected->now());
}

std::optional<std::string> session_subject(const json::object& job_context) {
  const auto connected = front();
  return session_subject(job_context, connected->options().signing, connected->now());
}

Replayed replay_spool() { return front()->replay({}); }

Fake& fake() { return front()->fake(); }

const JobId& PushAnswer::id() const {
  if (const auto* pushed = std::get_if<Pushed>(&answer_)) return pushed->id;
  throw Error(ErrorText{.what = "the push was a duplicate: a job with the unique key \"" +
                                std::get<Duplicate>(answer_).unique_key + "\" is alive",
                        .hint = "Ask is_duplicate() before id()"});
}

Envelope make_envelope(const PushRequest& request, WallTime now) {
  if (!is_task_name(request.task))
    throw Error("\"" + request.task +
                "\" is not a task name (1..100 characters of [A-Za-z0-9_.:-])");
  const auto connected = front_if_any();
  const auto options = merged_options(request, connected.get());
  check(options, request.task);
  Envelope job;
  job.id = new_job_id(now);
  job.task = request.task;
  job.args = request.args;
  job.queue = *options.queue;
  job.priority = *options.priority;
  job.created = now;
  job.run_at = due_time(options, now);
  if (options.expires_in) job.expires = now + *options.expires_in;
  job.max_attempts = *options.max_attempts;
  job.max_deliveries = options.max_deliveries.value_or(0);
  job.timeout = *options.timeout;
  if (options.backoff) job.backoff = *options.backoff;
  job.track = options.track;
  job.keeps_failed = options.keep_failed.value_or(true);
  job.keeps_result = options.keep_result.value_or(true);
  if (options.unique_key) job.unique["key"] = *options.unique_key;
  if (options.unique_for)
    job.unique["for"] = static_cast<double>(options.unique_for->count()) / 1000;
  if (options.on_done) job.on_done = *options.on_done;
  for (const auto& [key, value] : options.context) job.context[key] = value;
  if (connected) connected->finish(job, now);
  return job;
}

Envelope make_envelope(const PushRequest& request) {
  const auto connected = front_if_any();
  return make_envelope(request, connected ? connected->now() : real_clock().wall());
}

Envelope follow_up(const OnDone& action, WallTime now) {
  PushRequest request{.task = action.task, .args = action.args};
  if (!action.queue.empty()) request.call_site.queue = action.queue;
  return make_envelope(request, now);
}

PushAnswer push(const PushRequest& request) {
  const auto connected = front();
  return connected->push(make_envelope(request, connected->now()));
}

PushAnswer push_envelope(const Envelope& job) { return front()->push(job); }

namespace {

/// A batch is one put with one set of broker options.
void check_alike(const Envelope& job, const Envelope& first) {
  if (job.queue == first.queue && job.priority == first.priority && job.run_at == first.run_at &&
      job.expires == first.expires && job.max_deliveries == first.max_deliveries)
    return;
  throw Error(ErrorText{.what = "the jobs of one push_many go into one queue, with one priority, "
                                "delay and expiry",
                        .where = "task " + job.task,
                        .hint = "Call push_many once for each kind"});
}

}  // namespace

std::vector<JobId> push_many(const std::vector<PushRequest>& requests) {
  std::vector<JobId> ids;
  if (requests.empty()) return ids;
  const auto connected = front();
  const auto now = connected->now();
  const auto batch = new_job_id(now);
  std::vector<Envelope> jobs;
  for (const auto& request : requests) {
    auto job = make_envelope(request, now);
    if (!job.unique.empty())
      throw Error(ErrorText{.what = "push_many knows no unique keys", .where = "task " + job.task});
    job.batch = batch;
    sign(job, connected->options().signing, now);
    ids.push_back(job.id);
    jobs.push_back(std::move(job));
    check_alike(jobs.back(), jobs.front());
  }
  connected->push_many(jobs);
  return ids;
}

PushAnswer push_pull(std::string_view task, json::object args, const Options& options) {
  return push({Direction::pull, std::string(task), std::move(args), options, {}});
}

PushAnswer push_push(std::string_view task, json::object args, const Options& options) {
  return push({Direction::push, std::string(task), std::move(args), options, {}});
}

}  // namespace daemonz::offline_tasks
