#include "simulation/worker.h"

#include "broker/memcache_key.h"

namespace daemonz::simulation {
namespace {

using offline_tasks::Outcome;

constexpr Milliseconds lease_time{10'000};
constexpr Milliseconds beat_every{2'000};
constexpr Milliseconds lost_delay{5'000};  // as in processor/lane.cc

std::string delete_command(const broker::Lease& lease, const char* verb, const char* option = "") {
  return "delete " + broker::lease_key(lease, verb) + option + "\r\n";
}

}  // namespace

void Worker::step() {
  if (is_hanging_) return;
  beat();
  switch (state_) {
    case State::idle: return pop();
    case State::popping:
      if (const auto answer = caller_.poll()) take(*answer);
      return;
    case State::looking: return look();
    case State::working: return work();
    case State::committing: return commit();
    case State::fencing: return fence();
    case State::settling:
      if (!caller_.is_asking()) return ask_settling();
      if (const auto answer = caller_.poll()) conclude(*answer);
      return;
  }
}

std::uint64_t Worker::token() const {
  return offline_tasks::Token::of(job_.attempt, lease_.id).value;
}

// --- taking

void Worker::pop() {
  if (was_ack_lost_) {  // ask until it is answered
    lease_ = *ack_;
    how_ = Settle::ack;
    command_ = delete_command(lease_, "ack");
    successor_.clear();
    was_lost_ = true;
    state_ = State::settling;
    return;
  }
  broker::PopRequest request{
      .queues = {QueueName("pulls"), QueueName("pushes")}, .lease = lease_time, .ack = ack_};
  if (ack_) world_.ledger.settle_sent(ack_->body, ack_->id, Settle::ack_with_pop);
  const auto key = broker::pop_key(request, Milliseconds(world_.random() % 2'000));
  caller_.ask("gets " + key + "\r\n", lease_time);
  state_ = State::popping;
}

void Worker::take(const Answer& answer) {
  state_ = State::idle;
  const bool is_lost = answer.kind == Answer::Kind::lost || answer.text.starts_with("SERVER_ERROR");
  if (ack_) {
    const bool is_gone = answer.text.starts_with("CLIENT_ERROR delivery");
    world_.ledger.settle_heard(ack_->body, ack_->id, Settle::ack_with_pop,
                               is_gone || answer.is_unsent ? Heard::gone
                               : is_lost                   ? Heard::unknown
                                                           : Heard::done);
    was_ack_lost_ = is_lost && !answer.is_unsent;
    if (!is_lost) ack_.reset();
  }
  if (answer.kind != Answer::Kind::value) return;
  lease_ = {.queue = QueueName(answer.queue), .id = answer.id, .body = answer.text};
  touched_ = world_.clock.steady();
  is_lease_lost_ = false;
  if (std::exchange(is_stopping_, false)) return begin_giving_back(Settle::undo, {});
  auto job = offline_tasks::Envelope::decode(lease_.body);
  if (!job) throw Violation("a job is none: " + lease_.body);
  job_ = *std::move(job);
  state_ = State::looking;
}

// --- the handler

void Worker::look() {
  if (world_.database.is_away) return begin_giving_back(Settle::undo, {});
  if (world_.plant != Plant::forget_fence) {
    switch (world_.database.look(job_.id, token())) {
      case Fence::open: break;
      case Fence::done: return begin_settling(offline_tasks::Done{});
      case Fence::lost: return begin_giving_back(Settle::nack, lost_delay);
    }
  }
  state_ = State::working;
  if (world_.plant != Plant::ack_before_effect || job_.task != "good") return;
  is_early_ = true;
  begin_settling(offline_tasks::Done{});
}

void Worker::work() {
  if (job_.task == "killer") return crash();
  if (chance(world_.random, 2)) return;  // it takes its time
  if (job_.task == "hopeless" || (job_.task == "later" && chance(world_.random, 2)) ||
      (job_.task == "fails" && chance(world_.random, 2)))
    return begin_settling(outcome());
  if (world_.database.is_away) return begin_settling(offline_tasks::Fail{"no database"});
  if (!transaction_) transaction_ = std::make_unique<Transaction>(world_.database);
  const auto key = job_.id + "/";
  if (world_.plant != Plant::forget_fence) {
    for (const auto& row : {job_.id, key}) {
      if (!transaction_->lock(row)) return;
      const auto fence = transaction_->enter(row, token());
      if (fence == Fence::lost) return begin_giving_back(Settle::nack, lost_delay);
      if (fence == Fence::open) continue;
      transaction_.reset();  // its effects are there already
      state_ = State::fencing;
      return;
    }
    transaction_->mark_done(key, token());
  }
  transaction_->make_effect(job_.id);
  state_ = State::committing;
}

void Worker::commit() {
  if (chance(world_.random, 2)) return;
  if (world_.database.is_away) return begin_settling(offline_tasks::Fail{"the database went away"});
  transaction_->commit();
  transaction_.reset();
  state_ = State::fencing;
  if (std::exchange(is_early_, false)) state_ = State::idle;
}

/// The job as a whole is done: a second delivery is acknowledged without running.
void Worker::fence() {
  if (job_.task == "later" && chance(world_.random, 2)) return begin_settling(outcome());
  if (world_.database.is_away)
    return begin_settling(offline_tasks::Fail{"no place for the result"});
  if (world_.plant != Plant::forget_fence) {
    Transaction transaction(world_.database);
    if (!transaction.lock(job_.id)) return;
    if (transaction.enter(job_.id, token()) == Fence::open) transaction.mark_done(job_.id, token());
    transaction.commit();
  }
  begin_settling(offline_tasks::Done{});
}

Outcome Worker::outcome() const {
  if (job_.task == "hopeless") return offline_tasks::Kill{"it never will"};
  if (job_.task == "later") return offline_tasks::Again{Milliseconds(700), "not yet"};
  return offline_tasks::Fail{"bad luck"};
}

// --- settling

void Worker::begin_settling(const Outcome& outcome) {
  transaction_.reset();
  was_lost_ = false;
  successor_.clear();
  job_.args["serial"] = ++world_.serial;  // every body is another one
  const auto settlement = processor::decide({lease_, job_}, outcome, world_.clock.wall(), 0.5);
  if (!settlement.queue) {
    how_ = Settle::ack;
    if (!is_early_ && chance(world_.random, 2)) {
      ack_ = lease_;
      was_ack_lost_ = false;
      state_ = State::idle;
      return;
    }
    command_ = delete_command(lease_, "ack");
  } else {
    how_ = Settle::replace;
    successor_ = settlement.body;
    world_.ledger.put_sent(successor_, {.queue = settlement.queue->text(),
                                        .priority = settlement.options.priority.level,
                                        .delay = settlement.options.delay,
                                        .replaces = lease_.body,
                                        .deliveries_max = 5});
    command_ =
        set_command(broker::replace_key(lease_, *settlement.queue, settlement.options), successor_);
  }
  world_.ledger.settle_sent(lease_.body, lease_.id, how_);
  state_ = State::settling;
}

void Worker::begin_giving_back(Settle how, Milliseconds delay) {
  transaction_.reset();
  was_lost_ = is_early_ = false;
  successor_.clear();
  how_ = how;
  const auto option =
      how == Settle::undo ? std::string("/undo") : "/d=" + std::to_string(delay.count());
  command_ = delete_command(lease_, "nack", option.c_str());
  world_.ledger.settle_sent(lease_.body, lease_.id, how_);
  state_ = State::settling;
}

void Worker::ask_settling() { caller_.ask(command_); }

void Worker::conclude(const Answer& answer) {
  const bool is_refused = !successor_.empty() && answer.kind == Answer::Kind::line &&
                          answer.text.starts_with("SERVER_ERROR out of memory");
  auto result = is_refused ? Heard::unknown : heard(answer, how_);
  if (result == Heard::unknown) {
    was_lost_ = was_lost_ || !answer.is_unsent;
    if (!chance(world_.random, 20) || world_.is_ending) return;  // again
  } else if (result == Heard::gone && was_lost_) {
    result = Heard::unknown;  // delivery.md 10: perhaps it was done the first time
  }
  world_.ledger.settle_heard(lease_.body, lease_.id, how_, result);
  if (!successor_.empty() && result == Heard::done) world_.ledger.put_confirmed(successor_);
  if (!successor_.empty() && result == Heard::gone) world_.ledger.put_refused(successor_);
  if (ack_ && ack_->id == lease_.id) ack_.reset();
  was_ack_lost_ = false;
  state_ = is_early_ ? State::working : State::idle;
}

// --- beside it

void Worker::beat() {
  if (heartbeat_.is_asking()) {
    const auto answer = heartbeat_.poll();
    if (!answer || answer->kind != Answer::Kind::line) return;
    if (answer->text == "NOT_FOUND") is_lease_lost_ = true;
    if (answer->text == "TOUCHED")
      world_.ledger.touch_heard(lease_.body, lease_.id, lease_time, touched_);
    return;
  }
  const bool has_lease = state_ != State::idle && state_ != State::popping && lease_.id != 0;
  const auto now = world_.clock.steady();
  if (!has_lease || is_lease_lost_ || now < touched_ + beat_every) return;
  touched_ = now;
  heartbeat_.ask("touch " + broker::lease_key(lease_, "lease") + " " +
                 std::to_string(lease_time.count() / 1000) + "\r\n");
  world_.ledger.touch_sent(lease_.body, lease_time, heartbeat_.link());
}

void Worker::crash() {
  caller_.hang_up();
  heartbeat_.hang_up();
  transaction_.reset();
  ack_.reset();
  was_ack_lost_ = is_early_ = is_stopping_ = is_hanging_ = false;
  state_ = State::idle;
}

}  // namespace daemonz::simulation
