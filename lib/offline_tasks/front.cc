#include "offline_tasks/front.h"

#include <algorithm>
#include <thread>

#include "job_table/table.h"
#include "offline_tasks/async_way.h"
#include "offline_tasks/http_way.h"
#include "offline_tasks/job_facts.h"
#include "offline_tasks/local_ways.h"
#include "offline_tasks/queue_way.h"
#include "offline_tasks/spool.h"

namespace daemonz::offline_tasks {
namespace {

using broker::PushResult;
using broker::PushState;

constexpr Milliseconds pause_first{5}, pause_max{50};  // between repetitions of one push
constexpr Milliseconds answer_timeout_max{2'000};      // a server that is silent for longer hangs

broker::Options broker_options_of(const ConnectOptions& options) {
  const auto patience = std::min(options.deadline, answer_timeout_max);
  return {.url = options.broker, .connect_timeout = patience, .answer_timeout = patience};
}

std::string name_of(const Envelope& job) { return "job " + job.id + " (" + job.task + ")"; }

/// `result` is the strategy's own; `others` is what the rest of the chain said, "" or "; ..".
[[noreturn]] void not_pushed(const std::string& who, const std::string& queue,
                             const PushResult& result, const ConnectOptions& options,
                             const std::string& others) {
  const auto& target = options.strategy == Strategy::http ? options.url : options.broker;
  const auto within = " within " + daemonz::to_string(options.deadline);
  ErrorText text{.where = who};
  switch (result.state) {
    case PushState::unreachable:
      text.what = "not pushed: no connection to the queue at " + target + within + " (" +
                  result.detail + ")";
      text.hint = "Is it running? `daemonz status` tells";
      break;
    case PushState::unknown:
      text.what =
          "perhaps not pushed: " + target + " gave no answer" + within + " (" + result.detail + ")";
      text.hint = "A push of your own would make a second job; this one may still run";
      break;
    default:
      text.what = "not pushed: the queue " + queue + " refused it (" + result.detail + ")";
      text.hint = "`daemonz-jobs queues` shows how full it is";
  }
  text.what += others;
  throw Error(text);
}

/// Again and again with the same ids until somebody answers or the deadline has passed.
PushResult until_deadline(Way& way, const Parcel& parcel, Milliseconds deadline) {
  const auto end = real_clock().steady() + deadline;
  bool was_unknown = false;
  for (auto pause = pause_first;; pause = std::min(pause * 2, pause_max)) {
    const auto left = std::chrono::ceil<Milliseconds>(end - real_clock().steady());
    auto result = way.take(parcel, std::max(left, Milliseconds(1)));
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

bool performs_here(Strategy strategy) {
  return strategy == Strategy::in_call || strategy == Strategy::async || strategy == Strategy::fake;
}

void check(const ConnectOptions& options) {
  if (options.deadline < Milliseconds(1)) throw Error("a push deadline must be at least 1 ms");
  if (options.threads < 1 || options.threads > async_threads_max)
    throw Error("async works with 1.." + std::to_string(async_threads_max) + " threads");
  const auto& chain = options.fallback;
  const bool has_inline = !performs_here(options.strategy) &&
                          std::find(chain.begin(), chain.end(), Fallback::in_call) != chain.end();
  const bool must_perform =
      options.strategy == Strategy::in_call || options.strategy == Strategy::async || has_inline;
  if (must_perform && !options.registry)
    throw Error(
        ErrorText{.what = std::string("the ") +
                          (has_inline ? "fallback inline"
                                      : std::string(to_string(options.strategy)) + " strategy") +
                          " needs a registry that performs the tasks",
                  .hint = "connect({.., .registry = &registry}) with Registry::of<YourTasks>()"});
  if (chain.empty()) throw Error("an empty fallback chain takes no job: name `queue` at least");
  for (const auto& [task, told] : options.tasks) check(told, task);
  for (const auto& route : options.routes)
    check(Options{.queue = route.queue}, "route " + route.tasks);
  check(options.signing);
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
    : options_(std::move(options)),
      performer_({.registry = options_.registry,
                  .services = options_.services,
                  .database = options_.database.empty() ? std::function<db::Pool::Taken()>()
                                                        : [this] { return database(); },
                  .push = [this](const Envelope& further) { return push(further).id(); },
                  .now = [this] { return now(); }}) {
  check(options_);
  // A push waits for nobody's lock: its row is for people, and the processor makes it else.
  if (!options_.database.empty())
    database_.emplace(db::PoolOptions{
        .url = options_.database, .wait_max = options_.deadline, .busy_wait = options_.deadline});
  switch (options_.strategy) {
    case Strategy::in_call: ways_.push_back(std::make_unique<InlineWay>(performer_)); break;
    case Strategy::async:
      ways_.push_back(std::make_unique<AsyncWay>(performer_, options_.threads));
      break;
    case Strategy::fake: {
      auto recording = std::make_unique<Fake>(performer_, fake_clock_);
      fake_ = recording.get();
      ways_.push_back(std::move(recording));
      break;
    }
    case Strategy::queue:
    case Strategy::http:
      for (const auto fallback : options_.fallback) add_way(fallback);
  }
}

void Front::add_way(Fallback fallback) {
  switch (fallback) {
    case Fallback::queue:
      if (options_.strategy == Strategy::http)
        ways_.push_back(std::make_unique<HttpWay>(options_.url));
      else
        ways_.push_back(std::make_unique<QueueWay>(broker_options_of(options_)));
      break;
    case Fallback::spool: ways_.push_back(std::make_unique<SpoolWay>(options_.spool)); break;
    case Fallback::in_call: ways_.push_back(std::make_unique<InlineWay>(performer_)); break;
    case Fallback::discard: ways_.push_back(std::make_unique<DiscardWay>()); break;
  }
}

Replayed Front::replay(std::optional<SteadyTime> until) {
  const auto remote =
      std::find_if(ways_.begin(), ways_.end(), [](const auto& way) { return way->is_remote(); });
  if (options_.spool.empty() || remote == ways_.end())
    throw Error(ErrorText{.what = "there is no spool to replay, or no queue to replay it to",
                          .hint = "connect({.broker = .., .spool = FOLDER})"});
  return replay_spool(
      options_.spool,
      [&](const Parcel& parcel) {
        auto result = until_deadline(**remote, parcel, options_.deadline);
        if (result.state == PushState::confirmed) (void)circuit_.answered();
        return result;
      },
      until);
}

WallTime Front::now() const { return fake_ ? fake_clock_.wall() : real_clock().wall(); }

Fake& Front::fake() {
  if (fake_) return *fake_;
  throw Error(ErrorText{
      .what = std::string("the strategy is ") + to_string(options_.strategy) + ", not fake",
      .hint = "connect({.strategy = Strategy::fake}) in the test"});
}

void Front::finish(Envelope& job, WallTime now) const {
  for (const auto& look_at : options_.middleware) look_at(job);
  sign(job, options_.signing, now);
}

/// A queue that is away is not waited for by each push, where somebody else may have the job.
PushResult Front::take(Way& way, const Parcel& parcel) {
  if (!way.is_remote()) return way.take(parcel, options_.deadline);
  if (ways_.size() == 1) return until_deadline(way, parcel, options_.deadline);
  const auto how = circuit_.ask(real_clock().steady());
  if (how == Circuit::Try::not_now)
    return {PushState::unreachable, "it did not answer a moment ago, and was not asked"};
  auto result = how == Circuit::Try::once ? way.take(parcel, options_.deadline)
                                          : until_deadline(way, parcel, options_.deadline);
  if (result.state == PushState::unreachable || result.state == PushState::unknown) {
    if (circuit_.silent(real_clock().steady()))
      log::warn("offline_tasks", "the queue is away, pushes go to its fallback",
                {{"problem", result.detail}, {"asked_every_ms", away_time.count()}});
  } else if (circuit_.answered()) {
    log::info("offline_tasks", "the queue is back");
  }
  return result;
}

/// Down the chain until somebody has the jobs. Throws Error when nobody has.
Front::Taken Front::hand_over(const std::vector<Envelope>& jobs, const std::string& who) {
  std::vector<std::string> bodies;
  bodies.reserve(jobs.size());
  for (const auto& job : jobs) bodies.push_back(job.encode());
  const bool has_row =
      std::any_of(ways_.begin(), ways_.end(), [](const auto& way) { return way->is_remote(); });
  if (has_row)
    for (const auto& job : jobs) record_pushed(job);
  const Parcel parcel{jobs, bodies};
  std::optional<PushResult> own;  // of the strategy
  std::string others;
  bool may_be_there = false;
  for (const auto& way : ways_) {
    if (may_be_there && !way->keeps_ids()) continue;
    auto result = take(*way, parcel);
    may_be_there = may_be_there || result.state == PushState::unknown;
    if (result.state == PushState::confirmed || result.state == PushState::duplicate) {
      const bool has_left = way->is_remote() || way->keeps_ids();
      if (has_row && (!has_left || result.state == PushState::duplicate))
        for (const auto& job : jobs) forget_pushed(job);
      return {result.state, way->name()};
    }
    if (!own)
      own = std::move(result);
    else
      others += "; " + std::string(way->name()) + ": " + result.detail;
  }
  if (has_row && !may_be_there)
    for (const auto& job : jobs) forget_pushed(job);
  if (may_be_there) own->state = PushState::unknown;
  not_pushed(who, jobs.front().queue, *own, options_, others);
}

PushAnswer Front::push(const Envelope& job) {
  const auto taken = hand_over({job}, name_of(job));
  if (taken.state == PushState::duplicate) return PushAnswer(Duplicate{job.unique_key()});
  return PushAnswer(Pushed{job.id, std::string(taken.by)});
}

void Front::push_many(const std::vector<Envelope>& jobs) {
  (void)hand_over(jobs,
                  "batch " + jobs.front().batch + " of " + std::to_string(jobs.size()) + " jobs");
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
  if (auto known = performer_.results().find(id)) return *known;
  if (!database_ && performs_here(options_.strategy)) return {.id = id};
  auto connection = database();
  const auto row = job_table::Table(*connection).find(id);
  return row ? to_status(*row) : JobStatus{.id = id};
}

}  // namespace daemonz::offline_tasks
