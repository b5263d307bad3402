#include "offline_tasks/front.h"

#include <algorithm>
#include <thread>

#include "job_table/table.h"
#include "offline_tasks/broker_options.h"
#include "offline_tasks/job_facts.h"
#include "offline_tasks/registry.h"

namespace daemonz::offline_tasks {
namespace {

constexpr Milliseconds pause_first{5}, pause_max{50};  // between repetitions of one push
constexpr Milliseconds answer_timeout_max{2'000};      // a server that is silent for longer hangs
constexpr std::string_view taken_by_queue = "queue", taken_by_inline = "inline";

broker::Options broker_options_of(const ConnectOptions& options) {
  const auto patience = std::min(options.deadline, answer_timeout_max);
  return {.url = options.broker, .connect_timeout = patience, .answer_timeout = patience};
}

std::string name_of(const Envelope& job) { return "job " + job.id + " (" + job.task + ")"; }

[[noreturn]] void not_pushed(const std::string& who, const std::string& queue,
                             const broker::PushResult& result, const ConnectOptions& options) {
  using broker::PushState;
  const auto within = " within " + daemonz::to_string(options.deadline);
  ErrorText text{.where = who};
  switch (result.state) {
    case PushState::unreachable:
      text.what = "not pushed: no connection to the queue at " + options.broker + within + " (" +
                  result.detail + ")";
      text.hint = "Is it running? `daemonz status` tells";
      break;
    case PushState::unknown:
      text.what = "perhaps not pushed: " + options.broker + " gave no answer" + within + " (" +
                  result.detail + ")";
      text.hint = "A push of your own would make a second job; this one may still run";
      break;
    default:
      text.what = "not pushed: the queue " + queue + " refused it (" + result.detail + ")";
      text.hint = "`daemonz-jobs queues` shows how full it is";
  }
  throw Error(text);
}

/// Again and again with the same id until somebody answers or the deadline has passed.
template <class Push>
broker::PushResult until_deadline(Milliseconds deadline, Push&& push) {
  using broker::PushState;
  const auto end = real_clock().steady() + deadline;
  bool was_unknown = false;
  for (auto pause = pause_first;; pause = std::min(pause * 2, pause_max)) {
    auto result = push();
    was_unknown = was_unknown || result.state == PushState::unknown;
    if (result.state != PushState::unknown && result.state != PushState::unreachable) return result;
    if (real_clock().steady() + pause >= end) {
      if (was_unknown) result.state = PushState::unknown;
      return result;
    }
    std::this_thread::sleep_for(pause);  // sleep-ok: nobody tells when a server is back
  }
}

bool is_tracked(const Envelope& job) { return job.track == Track::all; }

/// The text of an outcome that is no success; inline, it comes out of the push.
[[noreturn]] void not_done(const Envelope& job, const std::string& what, const std::string& why) {
  throw Error(ErrorText{.what = what + (why.empty() ? "" : ": " + why), .where = name_of(job)});
}

JobState to_state(job_table::State state) {
  switch (state) {
    case job_table::State::pushed: return JobState::queued;
    case job_table::State::running: return JobState::running;
    case job_table::State::retrying: return JobState::retrying;
    case job_table::State::done: return JobState::done;
    case job_table::State::dead: return JobState::dead;
    case job_table::State::cancelled: return JobState::cancelled;
  }
  return JobState::unknown;
}

JobStatus to_status(const job_table::Job& row) {
  JobStatus status{.id = row.id, .state = to_state(row.state)};
  status.attempts = static_cast<std::uint32_t>(std::max(0, row.attempts));
  status.last_error = row.last_error;
  if (const auto result = json::try_parse(row.result)) status.result = *result;
  if (const auto progress = json::try_parse(row.progress); progress && progress->is_object()) {
    const auto& fields = progress->get_object();
    status.progress = {.done = json::integer_of(fields, "done").value_or(0),
                       .total = json::integer_of(fields, "total").value_or(0),
                       .note = json::string_of(fields, "note").value_or("")};
  }
  return status;
}

}  // namespace

Front::Front(ConnectOptions options)
    : options_(std::move(options)), brokers_(broker_options_of(options_)) {
  if (options_.strategy == Strategy::in_call && !options_.registry)
    throw Error(ErrorText{.what = "the inline strategy needs a registry that performs the tasks",
                          .hint = "connect({.strategy = Strategy::in_call, .registry = &registry}) "
                                  "with Registry::of<YourTasks>()"});
  if (options_.strategy == Strategy::queue)
    (void)broker::connect(broker_options_of(options_));  // checks the URL; connects to nothing yet
  if (options_.deadline < Milliseconds(1)) throw Error("a push deadline must be at least 1 ms");
  for (const auto& [task, told] : options_.tasks) check(told, task);
  // A push waits for nobody's lock: its row is for people, and the processor makes it else.
  if (!options_.database.empty())
    database_.emplace(db::PoolOptions{
        .url = options_.database, .wait_max = options_.deadline, .busy_wait = options_.deadline});
}

PushAnswer Front::push(const Envelope& job) {
  return options_.strategy == Strategy::in_call ? perform_in_call(job) : push_onto_queue(job);
}

PushAnswer Front::push_onto_queue(const Envelope& job) {
  const QueueName queue(job.queue);
  const auto bytes = job.encode();
  record_pushed(job);
  const auto result = until_deadline(options_.deadline, [&] {
    BrokerPool::Taken broker(brokers_);
    return broker->push(queue, bytes, broker_options(job, real_clock().wall()));
  });
  if (result.state == broker::PushState::confirmed)
    return PushAnswer(Pushed{job.id, std::string(taken_by_queue)});
  if (result.state != broker::PushState::unknown) forget_pushed(job);
  if (result.state == broker::PushState::duplicate) return PushAnswer(Duplicate{job.unique_key()});
  not_pushed(name_of(job), job.queue, result, options_);
}

void Front::push_many(const QueueName& queue, const std::vector<Envelope>& jobs) {
  if (options_.strategy == Strategy::in_call) {
    for (const auto& job : jobs) (void)perform_in_call(job);
    return;
  }
  std::vector<std::string> bodies;
  bodies.reserve(jobs.size());
  for (const auto& job : jobs) bodies.push_back(job.encode());
  for (const auto& job : jobs) record_pushed(job);
  const auto result = until_deadline(options_.deadline, [&] {
    BrokerPool::Taken broker(brokers_);
    return broker->push_many(queue, bodies, broker_options(jobs.front(), real_clock().wall()));
  });
  if (result.state == broker::PushState::confirmed) return;
  if (result.state != broker::PushState::unknown)
    for (const auto& job : jobs) forget_pushed(job);
  not_pushed("batch " + jobs.front().batch + " of " + std::to_string(jobs.size()) + " jobs",
             queue.text(), result, options_);
}

/// As a processor would: through JSON, with a Context, once.
PushAnswer Front::perform_in_call(const Envelope& pushed) {
  const auto job = Envelope::decode(pushed.encode()).value();
  std::optional<db::Pool::Taken> connection;
  Context::Parts parts{.job = job, .token = Token::of(job.attempt, 1)};
  if (database_)
    parts.db = [&]() -> db::Connection& {
      if (!connection) connection.emplace(database());
      if (!(*connection)->is_in_transaction()) (*connection)->verify();
      return **connection;
    };
  parts.services = options_.services;
  parts.push = [this](const Envelope& further) { return push(further).id(); };
  Context context(std::move(parts));
  const auto outcome = options_.registry->perform(context);
  if (const auto* fail = std::get_if<Fail>(&outcome)) not_done(job, "failed", fail->why);
  if (const auto* kill = std::get_if<Kill>(&outcome)) not_done(job, "killed", kill->why);
  if (const auto* again = std::get_if<Again>(&outcome))
    not_done(job,
             "wants to run again in " + daemonz::to_string(again->in) + ", which inline cannot",
             again->why);
  JobStatus status{.id = job.id, .state = JobState::done, .attempts = 1};
  status.result = std::get<Done>(outcome).result;
  inline_results_.keep(std::move(status));
  return PushAnswer(Pushed{job.id, std::string(taken_by_inline)});
}

db::Pool::Taken Front::database() {
  if (!database_)
    throw Error(ErrorText{.what = "status() and wait() need the database of the jobs",
                          .hint = "connect({.database = \"sqlite:tmp/daemonz/daemonz.db\", ..})"});
  auto connection = database_->take();
  std::call_once(is_migrated_, [&] { job_table::migrate(*connection); });
  return connection;
}

/// A row that cannot be written does not stop the job: the processor makes it when it starts.
void Front::record_pushed(const Envelope& job) {
  if (!database_ || !is_tracked(job)) return;
  try {
    job_table::Table(*database()).record_pushed(facts_of(job));
  } catch (const Error& error) {
    log::warn("offline_tasks", "job pushed without its row",
              {{"job", job.id}, {"why", error.what()}});
  }
}

void Front::forget_pushed(const Envelope& job) {
  if (!database_ || !is_tracked(job)) return;
  try {
    job_table::Table(*database()).forget_pushed(job.id);
  } catch (const Error& error) {
    log::warn("offline_tasks", "row of a refused job stays",
              {{"job", job.id}, {"why", error.what()}});
  }
}

JobStatus Front::status(const JobId& id) {
  if (auto known = inline_results_.find(id)) return *known;
  if (!database_ && options_.strategy == Strategy::in_call) return {.id = id};
  auto connection = database();
  const auto row = job_table::Table(*connection).find(id);
  return row ? to_status(*row) : JobStatus{.id = id};
}

}  // namespace daemonz::offline_tasks
