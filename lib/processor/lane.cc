#include "processor/lane.h"

#include "base/log.h"
#include "processor/aftermath.h"
#include "processor/child_watch.h"

namespace daemonz::processor {
namespace {

using broker::Broker;
using broker::Settled;
using offline_tasks::Outcome;

/// A lease that the job table says is somebody else's: time for the other one to finish.
constexpr Milliseconds lost_delay{5'000};

bool is_done(const Outcome& outcome) {
  return std::holds_alternative<offline_tasks::Done>(outcome);
}

std::string id_of(const Reserved& reserved) { return reserved.job.id; }

void log_settled(const Reserved& reserved, const Settlement& settlement) {
  const auto kind = settlement.kind;
  if (kind == Settlement::Kind::done) {
    log::debug("processor", "job done", {{"job", id_of(reserved)}, {"task", reserved.job.task}});
    return;
  }
  const auto write = kind == Settlement::Kind::dead ? log::error : log::warn;
  write("processor", std::string("job ") + to_string(kind),
        {{"job", id_of(reserved)},
         {"task", reserved.job.task},
         {"attempt", reserved.job.attempt + 1},
         {"why", settlement.why}});
}

class Busy {
 public:
  explicit Busy(std::atomic<int>& count) : count_(count) { ++count_; }
  ~Busy() { --count_; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  std::atomic<int>& count_;
};

}  // namespace

void Lane::interrupt_pop() noexcept {
  const std::scoped_lock lock(guard_);
  if (!is_popping_) return;
  connection_->interrupt();
}

broker::Popped Lane::pop_interruptibly(const broker::PopRequest& request) {
  class Popping {
   public:
    explicit Popping(Lane& lane) : lane_(lane) {
      const std::scoped_lock lock(lane_.guard_);
      lane_.is_popping_ = true;
    }
    ~Popping() {
      const std::scoped_lock lock(lane_.guard_);
      lane_.is_popping_ = false;  // from here on nobody closes the connection under our feet
    }

   private:
    Lane& lane_;
  };
  const Popping popping(*this);
  return connection_->pop(request);
}

std::optional<Reserved> Lane::pop(Milliseconds wait, std::optional<broker::Lease>& ack) {
  const auto& options = workshop_.options;
  broker::PopRequest request{.lease = options.lease,
                             .priority_min = options.priority_min,
                             .priority_max = options.priority_max,
                             .ack = ack};
  broker::Popped popped{.settled = ack ? Settled::unknown : Settled::done};
  auto groups = workshop_.queues();
  for (std::size_t i = 0; i < groups.size() && !popped.lease; ++i) {
    request.queues = std::move(groups[i]);
    request.wait = i + 1 == groups.size() ? wait : Milliseconds(0);  // one connection, one wait
    auto given = pop_interruptibly(request);
    if (!request.ack) given.settled = popped.settled;
    popped = std::move(given);
    if (request.ack && popped.settled != Settled::done) break;
    request.ack.reset();
  }
  if (popped.settled == Settled::done) {
    ack.reset();
  } else if (popped.settled == Settled::gone) {
    log::warn("processor", "lease gone at the acknowledgement", {{"delivery", ack->id}});
    ack.reset();
  }
  if (!popped.lease) return std::nullopt;
  workshop_.heard_at = real_clock().steady();
  if (!workshop_.stop.is_taking()) {  // delivery.md, point 14: handed over in the same instant
    give_back(*popped.lease, Broker::Release::uncounted, Milliseconds(0));
    return std::nullopt;
  }
  workshop_.heartbeat.hold(*popped.lease);
  return unpack(std::move(*popped.lease));
}

Reserved Lane::unpack(broker::Lease lease) {
  Reserved reserved{.lease = std::move(lease)};
  const auto now = workshop_.options.clock->wall();
  try {
    if (auto job = offline_tasks::Envelope::decode(reserved.lease.body)) {
      reserved.job = std::move(*job);
      if (reserved.job.queue.empty())  // other languages need not name it
        reserved.job.queue = reserved.lease.queue.text();
    } else {
      reserved.fault = "not an envelope (a JSON object with \"v\" and \"task\")";
    }
  } catch (const Error& problem) {
    reserved.fault = problem.what();
  }
  if (!reserved.fault.empty())
    reserved.job = offline_tasks::raw_job(reserved.lease.body, reserved.lease.queue, now);
  reserved.token = offline_tasks::Token::of(reserved.job.attempt, reserved.lease.id);
  return reserved;
}

std::optional<Reserved> Lane::reserve(Milliseconds wait) {
  std::optional<broker::Lease> none;
  return pop(wait, none);
}

Outcome Lane::perform(const Reserved& reserved) {
  const auto& job = reserved.job;
  used_ = {};
  refusal_ = workshop_.signatures.refuse(reserved, workshop_.options.clock->wall());
  if (refusal_) return offline_tasks::Kill{offline_tasks::refused_text(*refusal_)};
  if (job.task == unique_holder_task) return offline_tasks::Done{};
  if (!reserved.fault.empty() && !workshop_.knows(offline_tasks::raw_task))
    return offline_tasks::Kill{reserved.fault};
  if (job.expires && *job.expires <= workshop_.options.clock->wall())
    return offline_tasks::Kill{"expired before it was started"};
  switch (workshop_.reports.started(job, reserved.token)) {
    case Reports::Start::go: break;
    case Reports::Start::over:
      log::info("processor", "job was over, acknowledged", {{"job", job.id}});
      return offline_tasks::Done{};
    case Reports::Start::lost:
      throw offline_tasks::Superseded("another delivery of this job has a higher token");
  }
  return run_handler(reserved);
}

Outcome Lane::run_handler(const Reserved& reserved) {
  Attempt attempt(workshop_, services_, index_, reserved);
  std::optional<Watched> watched;
  if (attempt.isolation() == Isolation::thread)
    watched.emplace(*this, reserved, attempt.deadline());
  auto outcome = attempt.perform();
  used_ = attempt.used();
  return outcome;
}

Lane::Watched::Watched(Lane& lane, const Reserved& reserved, SteadyTime deadline) : lane_(lane) {
  const std::scoped_lock lock(lane_.guard_);
  lane_.running_ = Running{&reserved, deadline};
}

Lane::Watched::~Watched() {
  const std::scoped_lock lock(lane_.guard_);
  lane_.running_.reset();
}

std::optional<Reserved> Lane::overdue(SteadyTime now) {
  const std::scoped_lock lock(guard_);
  if (!running_ || now < running_->deadline + workshop_.options.overdue_grace) return std::nullopt;
  return *running_->reserved;
}

bool Lane::settle_overdue(const Reserved& reserved, broker::Broker& connection) {
  const auto limit = daemonz::to_string(reserved.job.timeout);
  const auto settlement =
      decided(reserved, offline_tasks::Fail{"went on beyond its time limit of " + limit});
  return carry_out(reserved, settlement, connection);
}

Settlement Lane::decided(const Reserved& reserved, const Outcome& outcome) {
  const auto now = workshop_.options.clock->wall();
  auto settlement = decide({reserved.lease, reserved.job}, outcome, now, workshop_.jitter());
  workshop_.signatures.sign(settlement, now);
  return settlement;
}

/// Repeats what was not answered until it is, or until the processor leaves. The lease is kept
/// meanwhile, so that nobody else runs what may be settled already.
template <class Operation>
Settled Lane::insist(const broker::Lease& lease, const Operation& operation) {
  Backoff backoff(workshop_.options.unreachable_wait_max);
  for (bool is_repeated = false;; is_repeated = true) {
    const auto settled = operation();
    if (settled == Settled::done) return settled;
    if (settled == Settled::refused) return settled;
    // delivery.md, point 10: a repeated one that is gone was perhaps done the first time.
    if (settled == Settled::gone) return is_repeated ? Settled::done : settled;
    log::warn("processor", "cannot settle a delivery, trying again", {{"delivery", lease.id}});
    if (!workshop_.stop.pause_while_finishing(backoff.next())) return settled;
  }
}

void Lane::give_back(const broker::Lease& lease, Broker::Release how, Milliseconds delay) {
  const auto settled = insist(lease, [&] { return connection_->release(lease, how, delay); });
  workshop_.heartbeat.drop(lease);
  log::info("processor", "job handed back",
            {{"delivery", lease.id}, {"was_ours", settled == Settled::done}});
}

bool Lane::store_done(const Reserved& reserved, Outcome& outcome) {
  try {
    if (used_.database) workshop_.reports.fence_done(reserved.job, reserved.token);
    if (used_.checkpoint) workshop_.reports.remove_checkpoint(reserved.job);
    return workshop_.reports.done(reserved.job, reserved.token,
                                  std::get<offline_tasks::Done>(outcome).result);
  } catch (const Error& problem) {  // without its result the job is not done
    outcome = offline_tasks::Fail{std::string("cannot store the result: ") + problem.what()};
    return true;
  }
}

bool Lane::carry_out(const Reserved& reserved, const Settlement& settlement,
                     broker::Broker& connection) {
  const auto& lease = reserved.lease;
  const auto settled = insist(lease, [&] {
    if (settlement.queue)
      return connection.replace(lease, *settlement.queue, settlement.body, settlement.options);
    if (settlement.kind == Settlement::Kind::done || settlement.is_dropped)
      return connection.ack(lease);
    return connection.dead(lease);  // too large to carry its reason
  });
  if (settled == Settled::refused && settlement.kind == Settlement::Kind::done)
    return carry_out(reserved, {.kind = settlement.kind, .job = settlement.job}, connection);
  if (settled == Settled::refused && settlement.queue) {
    const auto why = "the queue " + settlement.queue->text() + " refused its successor: ";
    return carry_out(reserved, bury_as_it_is({lease, reserved.job}, why + settlement.why),
                     connection);
  }
  workshop_.heartbeat.drop(lease);
  if (settled != Settled::done) {
    log::warn("processor", "lease gone, the outcome is dropped",
              {{"job", id_of(reserved)}, {"outcome", to_string(settlement.kind)}});
    return false;
  }
  log_settled(reserved, settlement);
  const bool is_itself = settlement.job.id == reserved.job.id;  // not so where it was refused
  workshop_.reports.settled(is_itself ? reserved.job : settlement.job, reserved.token, settlement);
  if (is_itself) tell(workshop_, reserved.job, settlement, result_);
  return true;
}

bool Lane::settle(const Reserved& reserved, const Outcome& given) {
  auto outcome = given;
  // A row that refuses: acknowledging shows who has the job.
  if (is_done(outcome) && store_done(reserved, outcome) && is_done(outcome))
    push_follow_ups(workshop_, reserved.job);
  return carry_out(reserved, outcome);
}

bool Lane::carry_out(const Reserved& reserved, const Outcome& outcome) {
  if (const auto why = std::exchange(refusal_, std::nullopt))
    return carry_out(reserved, Signatures::bury(reserved, *why, workshop_.options.clock->wall()),
                     *connection_);
  result_ = is_done(outcome) ? std::get<offline_tasks::Done>(outcome).result : json::value();
  const bool is_ours = carry_out(reserved, decided(reserved, outcome), *connection_);
  if (is_ours) workshop_.signatures.settled(reserved, workshop_.options.clock->wall());
  return is_ours;
}

void Lane::handle(const Reserved& reserved, std::optional<broker::Lease>* next, Counts& counts) {
  try {
    auto outcome = perform(reserved);
    const bool is_stored = is_done(outcome) && store_done(reserved, outcome) && is_done(outcome);
    if (is_stored) push_follow_ups(workshop_, reserved.job);
    if (is_stored && next && !has_aftermath(reserved.job)) {
      log::debug("processor", "job done", {{"job", id_of(reserved)}, {"task", reserved.job.task}});
      workshop_.heartbeat.drop(reserved.lease);
      next->emplace(broker::Lease{.queue = reserved.lease.queue, .id = reserved.lease.id});
      ++counts.succeeded;
      return;
    }
    const bool is_ours = carry_out(reserved, outcome);
    ++(is_done(outcome) && is_ours ? counts.succeeded : counts.failed);
  } catch (const offline_tasks::Superseded& problem) {
    log::warn("processor", "lease lost, the attempt is dropped",
              {{"job", id_of(reserved)}, {"why", problem.what()}});
    give_back(reserved.lease, Broker::Release::counted, lost_delay);
    ++counts.failed;
  } catch (const HandedBack&) {
    give_back(reserved.lease, Broker::Release::uncounted, Milliseconds(0));
    ++counts.failed;
  } catch (const std::exception&) {  // the job table is away; the heartbeat must not keep the lease
    give_back(reserved.lease, Broker::Release::uncounted, Milliseconds(0));
    throw;
  }
}

void Lane::work_once(std::optional<broker::Lease>& ack) {
  if (!ack && !workshop_.is_database_there()) throw Error("the database is away");
  const auto started = real_clock().steady();
  const auto wait = workshop_.options.pop_wait;
  auto reserved = pop(wait, ack);
  if (ack) {  // not answered: ask until it is
    const auto lease = *std::exchange(ack, std::nullopt);
    workshop_.heartbeat.hold(lease);
    (void)insist(lease, [&] { return connection_->ack(lease); });
    workshop_.heartbeat.drop(lease);
  }
  if (!reserved) {
    // An engine that answers "nothing" at once must not make us spin.
    if (real_clock().steady() - started < wait / 2)
      workshop_.stop.pause_while_taking(Milliseconds(50));
    return;
  }
  if (!workshop_.is_database_there()) {
    give_back(reserved->lease, Broker::Release::uncounted, Milliseconds(0));
    throw Error("the database is away");
  }
  Counts ignored;
  ++workshop_.jobs_begun;
  const Busy busy(workshop_.lanes_busy);
  // A signed job counts as settled when its own ack is confirmed, not with the next pop's.
  handle(*reserved, workshop_.signatures.is_on() ? nullptr : &ack, ignored);
}

void Lane::work() {
  Backoff backoff(workshop_.options.unreachable_wait_max);
  std::optional<broker::Lease> ack;
  while (workshop_.stop.is_taking()) {
    try {
      work_once(ack);
      backoff.reset();
    } catch (const std::exception& problem) {
      workshop_.heard_at = real_clock().steady();
      const auto wait = backoff.next();
      log::warn("processor", "cannot take jobs, waiting",
                {{"wait_ms", wait.count()}, {"problem", problem.what()}});
      workshop_.stop.pause_while_taking(wait);
    }
  }
  if (ack) (void)insist(*ack, [&] { return connection_->ack(*ack); });
}

}  // namespace daemonz::processor
