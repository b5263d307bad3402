#include "simulation/clients.h"

#include <array>

#include "broker/memcache_key.h"
#include "offline_tasks/broker_options.h"
#include "offline_tasks/envelope.h"

namespace daemonz::simulation {
namespace {

constexpr Milliseconds retry_max{300'000};  // half of the dedupe window: the clock may jump
constexpr Milliseconds item_lease{4'000};
constexpr int deliveries_max = 5;
constexpr int producers_max = 16;
constexpr int unique_keys = 6;

}  // namespace

// --- Producer

void Producer::begin_job() {
  constexpr std::array tasks = {"good", "good", "good", "fails", "later", "killer", "hopeless"};
  auto& random = world_.random;
  offline_tasks::Envelope job;
  job.id = "j" + std::to_string(++world_.serial);
  job.task = tasks[random() % tasks.size()];
  job.queue = chance(random, 2) ? "pulls" : "pushes";
  job.priority = Priority{static_cast<std::uint8_t>(3 + random() % 2)};
  job.created = world_.clock.wall();
  job.backoff = {Milliseconds(500)};
  job.max_attempts = 3;
  if (chance(random, 4)) job.run_at = job.created + Milliseconds(random() % 3'000);
  const auto options = offline_tasks::broker_options(job, world_.clock.wall());
  bodies_ = {job.encode()};
  job_ = job.id;
  has_token_ = true;
  world_.ledger.put_sent(bodies_[0], {.queue = job.queue,
                                      .priority = job.priority.level,
                                      .delay = options.delay,
                                      .producer = number_,
                                      .deliveries_max = deliveries_max});
  command_ = set_command(broker::push_key(QueueName(job.queue), options), bodies_[0]);
}

void Producer::begin_item() {
  auto& random = world_.random;
  const bool is_durable = !chance(random, 3);
  const std::string queue = is_durable ? "plain" : "loose";
  const int priority = static_cast<int>(random() % 3);
  const Milliseconds delay(chance(random, 4) ? random() % 5'000 : 0);
  auto body = "item " + std::to_string(++world_.serial) + " ";
  body.append(random() % (chance(random, 10) ? 5'000 : 200), '.');
  bodies_ = {body};
  has_token_ = !chance(random, 4);
  Put put{.queue = queue,
          .priority = priority,
          .delay = delay,
          .is_durable = is_durable,
          .producer = number_,
          .may_be_popped = true,
          .deliveries_max = deliveries_max};
  auto key = queue + "/p=" + std::to_string(priority);
  if (delay > Milliseconds(0)) key += "/d=" + std::to_string(delay.count());
  if (has_token_) key += "/id=t" + std::to_string(world_.serial);
  if (is_durable && chance(random, 4)) {
    put.unique = std::string(31, '0') + std::to_string(random() % unique_keys);
    key += "/u=" + put.unique;
  }
  std::int64_t exptime = 0;
  if (chance(random, 6)) {
    put.life = Milliseconds(1'000 * (1 + random() % 10));
    key += "/ttl=" + std::to_string(put.life.count());
  } else if (chance(random, 6)) {
    exptime = unix_milliseconds(world_.clock.wall()) / 1'000 + static_cast<int>(random() % 10) - 1;
    put.expires_at = from_unix_milliseconds(exptime * 1'000);
  }
  world_.ledger.put_sent(body, put);
  command_ = set_command(key, body, exptime);
}

void Producer::begin_aged() {
  const auto body = "aged " + std::to_string(++world_.serial);
  has_token_ = true;
  world_.ledger.put_sent(body, {.queue = "aged",
                                .producer = number_,
                                .may_be_popped = true,
                                .deliveries_max = deliveries_max,
                                .life = max_age,
                                .expires_to = "late"});
  command_ = set_command("aged/id=a" + std::to_string(world_.serial), body);
  bodies_ = {body};
}

void Producer::begin_many() {
  const auto count = 2 + world_.random() % 4;
  std::string all;
  for (auto i = count; i > 0; --i) {
    auto body = "many " + std::to_string(++world_.serial);
    all += std::to_string(body.size()) + "\r\n" + body + "\r\n";
    world_.ledger.put_sent(body, {.queue = "plain",
                                  .producer = number_,
                                  .may_be_popped = true,
                                  .deliveries_max = deliveries_max});
    bodies_.push_back(std::move(body));
  }
  has_token_ = true;
  command_ = set_command(
      "plain/many=" + std::to_string(count) + "/id=m" + std::to_string(world_.serial), all);
}

void Producer::ask() { caller_.ask(command_); }

void Producer::step() {
  if (bodies_.empty()) {
    if (world_.is_ending) return;
    job_.clear();
    was_lost_ = false;
    first_try_ = world_.clock.wall();
    const auto kind = world_.random() % 9;
    if (kind < 4)
      begin_job();
    else if (kind < 7)
      begin_item();
    else if (kind < 8)
      begin_aged();
    else
      begin_many();
    return ask();
  }
  if (!caller_.is_asking()) return ask();
  if (const auto answer = caller_.poll()) conclude(*answer);
}

void Producer::conclude(const Answer& answer) {
  const bool is_stored = answer.kind == Answer::Kind::line && answer.text == "STORED";
  const bool is_refused =
      answer.is_unsent || (answer.kind == Answer::Kind::line &&
                           answer.text == "SERVER_ERROR out of memory storing object");
  const bool is_unknown =
      answer.kind == Answer::Kind::lost || answer.text == "SERVER_ERROR storage failed";
  if (is_stored) {
    for (const auto& body : bodies_) world_.ledger.put_confirmed(body);
    if (!job_.empty()) world_.ledger.job_pushed(job_);
  } else if (is_refused) {
    if (!was_lost_)
      for (const auto& body : bodies_) world_.ledger.put_refused(body);
  } else if (answer.text == "EXISTS") {
    world_.ledger.put_clashed(bodies_[0], was_lost_);
  } else if (!is_unknown) {
    throw Violation("a put was answered " + answer.text);
  } else {
    was_lost_ = true;
    const auto age = world_.clock.wall() - first_try_;
    if (has_token_ && age >= Milliseconds(0) && age < retry_max && !chance(world_.random, 8))
      return;  // again
    number_ += producers_max;
  }
  bodies_.clear();
}

void Producer::crash() {
  caller_.hang_up();
  number_ += producers_max;
  bodies_.clear();
}

// --- Popper

void Popper::step() {
  if (!caller_.is_asking()) {
    if (!body_.empty()) return settle();
    if (!world_.is_ending) ask();
    return;
  }
  if (const auto answer = caller_.poll()) conclude(*answer);
}

void Popper::ask() {
  auto& random = world_.random;
  mode_ = std::array{Mode::pop, Mode::lease, Mode::open}[random() % 3];
  auto key = queues_;
  if (mode_ == Mode::open) key += "/open";
  if (mode_ == Mode::lease) key += chance(random, 2) ? "/lease=4000" : "/open/lease=4000";
  if (chance(random, 2)) key += "/t=700";
  caller_.ask("gets " + key + "\r\n", mode_ == Mode::open    ? open_item
                                      : mode_ == Mode::lease ? item_lease
                                                             : Milliseconds(0));
}

void Popper::conclude(const Answer& answer) {
  if (asked_) {
    const bool was_open = mode_ == Mode::open;  // its end is answered END, or by the next item
    const bool is_done = was_open && (answer.text == "END" || answer.kind == Answer::Kind::value);
    const bool is_refused =  // a successor on a full disk, larger than what it replaces
        !successor_.empty() && answer.text == "SERVER_ERROR out of memory storing object";
    const auto result = answer.is_unsent || is_refused ? Heard::gone
                        : is_done                      ? Heard::done
                                                       : heard(answer, asked_);
    world_.ledger.settle_heard(body_, id_, *asked_, result);
    if (!successor_.empty() && result == Heard::done) world_.ledger.put_confirmed(successor_);
    if (!successor_.empty() && result == Heard::gone) world_.ledger.put_refused(successor_);
    successor_.clear();
    asked_.reset();
    body_.clear();
  }
  if (answer.kind != Answer::Kind::value) return;
  if (answer.text.empty()) throw Violation("an empty body came out");
  queue_ = answer.queue;
  id_ = answer.id;
  link_ = caller_.link();
  if (mode_ != Mode::pop) body_ = answer.text;
}

void Popper::settle() {
  auto& random = world_.random;
  const bool forgets = chance(random, 6);  // then the lease lapses
  if (forgets && mode_ == Mode::open) caller_.hang_up();
  if (forgets) return body_.clear();
  if (mode_ == Mode::open) return settle_open();
  const auto id = std::to_string(id_);
  std::string verb = "ack=" + id;
  asked_ = Settle::ack;
  const auto kind = random() % 12;
  if (kind == 0) verb = "nack=" + id, asked_ = Settle::nack;
  if (kind == 1) verb = "nack=" + id + "/undo", asked_ = Settle::undo;
  if (kind == 2) verb = "nack=" + id + "/d=900", asked_ = Settle::nack;
  if (kind == 3) verb = "dead=" + id, asked_ = Settle::dead;
  if (kind == 4) verb = "bury=" + id, asked_ = Settle::bury;
  if (kind == 5 && queue_ == "plain") return replace();
  world_.ledger.settle_sent(body_, id_, *asked_);
  caller_.ask("delete " + queue_ + "/" + verb + "\r\n");
}

/// Kestrel's way: the connection says which one. On another connection it would be another one.
void Popper::settle_open() {
  if (!caller_.has_link(link_)) return body_.clear();
  constexpr std::array verbs = {"close", "close", "close/open", "close/open/t=700", "abort"};
  const std::string verb = verbs[world_.random() % (world_.is_ending ? 2 : verbs.size())];
  asked_ = verb == "abort" ? Settle::nack : Settle::ack_with_pop;
  world_.ledger.settle_sent(body_, id_, *asked_);
  caller_.ask("gets " + queue_ + "/" + verb + "\r\n", open_item);
}

void Popper::replace() {
  asked_ = Settle::replace;
  successor_ = "next " + std::to_string(++world_.serial);
  world_.ledger.put_sent(successor_, {.queue = "plain",
                                      .replaces = body_,
                                      .may_be_popped = true,
                                      .deliveries_max = deliveries_max,
                                      .unique = world_.ledger.unique_of(body_)});
  world_.ledger.settle_sent(body_, id_, Settle::replace);
  caller_.ask(set_command("plain/ack=" + std::to_string(id_) + ":plain", successor_));
}

void Popper::crash() {
  caller_.hang_up();
  body_.clear();
  successor_.clear();
  asked_.reset();
}

// --- Steward

void Steward::step() {
  using Steer = Ledger::Steer;
  auto& random = world_.random;
  if (caller_.is_asking()) {
    const auto answer = caller_.poll();
    if (!answer) return;
    world_.ledger.steer_heard(queue_, how_,
                              answer->is_unsent ? Heard::gone : heard(*answer, std::nullopt));
    return;
  }
  if (world_.is_ending) return;
  constexpr std::array queues = {"plain", "loose", "aged"};
  queue_ = queues[random() % queues.size()];
  how_ = std::array{Steer::pause, Steer::resume, Steer::resume, Steer::kick}[random() % 4];
  if (how_ == Steer::kick && chance(random, 2)) queue_ += ".dead";
  world_.ledger.steer_sent(queue_, how_);
  caller_.ask("delete " + queue_ +
              (how_ == Steer::pause    ? "/pause"
               : how_ == Steer::resume ? "/resume"
                                       : "/kick=2") +
              "\r\n");
}

}  // namespace daemonz::simulation
