// What each command does. Follows queue-protocol.md, table by table.
#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/log.h"
#include "queue_server/session.h"
#include "queue_server/stats.h"

namespace daemonz::queue_server {
namespace {

using queue::PutOutcome;
using queue::Settled;
using queue::TakeRequest;

constexpr std::string_view end_reply = "END";
constexpr std::string_view storage_failed = "SERVER_ERROR storage failed";
/// Of the memcache protocol that stock tools know: they change their expectations below 1.6.
constexpr std::string_view protocol_version = "VERSION 1.6.0";
constexpr std::int64_t exptime_relative_max = 60 * 60 * 24 * 30;  // memcached: larger is an epoch
/// Bodies of put_many as a whole.
constexpr std::uint64_t many_size_max = 64ull << 20;

std::optional<WallTime> expiry_of(const Command& command, WallTime now) {
  const auto& key = command.keys.front();
  if (key.ttl) return now + *key.ttl;
  if (command.exptime == 0) return std::nullopt;
  if (command.exptime < 0) return now;
  if (command.exptime <= exptime_relative_max) return now + Seconds(command.exptime);
  constexpr std::int64_t year_9999 = 253'402'300'799;  // keeps milliseconds within 64 bits
  return from_unix_milliseconds(std::min(command.exptime, year_9999) * 1000);
}

/// Upper and lower case are one key.
queue::KeyHash hash_of_hex(std::string_view hex) {
  queue::KeyHash hash;
  std::from_chars(hex.data(), hex.data() + 16, hash.high, 16);
  std::from_chars(hex.data() + 16, hex.data() + 32, hash.low, 16);
  return hash;
}

queue::PutRequest put_request(const Command& command, WallTime now) {
  const auto& key = command.keys.front();
  queue::PutRequest request{.priority = key.priority,
                            .flags = command.flags,
                            .delay = key.delay,
                            .expires_at = expiry_of(command, now),
                            .max_deliveries = key.deliveries,
                            .is_synced = key.has(Option::sync)};
  if (key.has(Option::id)) request.id = queue::hash_key(key.id);
  if (key.has(Option::unique)) request.unique = hash_of_hex(key.unique);
  if (key.has(Option::ack)) request.acknowledges = {*key.delivery_queue, key.delivery};
  return request;
}

/// COUNT x (<length>\r\n bytes \r\n). nullopt: not that.
std::optional<std::vector<std::string_view>> split_many(std::string_view body,
                                                        std::uint64_t count) {
  std::vector<std::string_view> bodies;
  bodies.reserve(std::min<std::uint64_t>(count, body.size() / 5 + 1));  // "0\r\n\r\n" is 5 bytes
  for (; count > 0; --count) {
    const auto end = body.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const auto size = parse_number(body.substr(0, end));
    body.remove_prefix(end + 2);
    if (!size || *size > body.size() || body.substr(*size, 2) != "\r\n") return std::nullopt;
    bodies.push_back(body.substr(0, *size));
    body.remove_prefix(*size + 2);
  }
  if (!body.empty()) return std::nullopt;
  return bodies;
}

void append_number(std::string& to, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  to.append(digits, end);
}

/// VALUE q FLAGS n [ID] and the body.
void append_value(std::string& to, const queue::Taken& taken, std::string_view key, bool shows_id) {
  to.reserve(to.size() + key.size() + taken.body.size() + 64);
  to.append("VALUE ").append(key).push_back(' ');
  append_number(to, taken.flags);
  to.push_back(' ');
  append_number(to, taken.body.size());
  if (shows_id) {
    to.push_back(' ');
    append_number(to, taken.delivery);
  }
  to.append("\r\n").append(taken.body).append("\r\n");
}

TakeRequest::Mode mode_of(const KeyToken& key) {
  const bool is_open = key.has(Option::open);
  if (key.has(Option::lease))
    return is_open ? TakeRequest::Mode::open_lease : TakeRequest::Mode::lease;
  return is_open ? TakeRequest::Mode::open : TakeRequest::Mode::pop;
}

void log_hand_out(const queue::Taken& taken) {
  if (log::level() != log::Level::debug) return;
  log::debug("queue_server", "item handed out",
             {{"queue", taken.queue},
              {"delivery", taken.delivery},
              {"deliveries", taken.deliveries},
              {"better_ready", taken.better_ready}});
}

}  // namespace

void Session::execute(Command& command) {
  switch (command.verb) {
    case Verb::fault:
      if (!command.is_silent) answer(command.fault);
      return;
    case Verb::hang_up:
    case Verb::quit: return hang_up();
    case Verb::get:
    case Verb::gets:
      return command.keys.size() > 1 ? execute_multi_get(command) : execute_get(command);
    case Verb::remove: return execute_delete(command);
    case Verb::touch: return execute_touch(command);
    case Verb::stats: return execute_stats(command);
    case Verb::version: return answer(protocol_version);
    case Verb::verbosity:
      if (!command.is_silent) answer("OK");
      return;
    case Verb::flush_all: return execute_flush_all(command);
    case Verb::flush: {
      const auto result = hub_.store.flush_queue(command.keys.front().queues.front());
      return answer(result.outcome == Settled::failed ? storage_failed : end_reply,
                    result.wait_for);
    }
    case Verb::meta_noop: return answer("MN");
    case Verb::set:
    case Verb::unsupported_store: break;
  }
  DAEMONZ_CHECK(false, "storage commands come with a body");
}

// --- storing

std::uint64_t Session::body_size_max(const Command& command) const {
  const auto& key = command.keys.front();
  if (key.has(Option::many)) return many_size_max;
  return hub_.store.item_size_max(key.queues.front()).count;
}

void Session::execute_set(const Command& command, std::string_view body) {
  ++hub_.counters.sets;
  const auto result = hub_.store.put(command.keys.front().queues.front(), body,
                                     put_request(command, hub_.clock.wall()));
  if (!command.is_silent) answer_put(result);
}

void Session::execute_set_many(const Command& command, std::string_view body) {
  ++hub_.counters.sets;
  const auto& key = command.keys.front();
  const auto bodies = split_many(body, key.many);
  if (!bodies) {
    if (!command.is_silent) answer("CLIENT_ERROR bad data chunk");
    return;
  }
  const auto result =
      hub_.store.put_many(key.queues.front(), *bodies, put_request(command, hub_.clock.wall()));
  if (!command.is_silent) answer_put(result);
}

void Session::answer_put(queue::PutResult result) {
  switch (result.outcome) {
    case PutOutcome::stored: return answer("STORED", result.wait_for);
    case PutOutcome::full: return answer("NOT_STORED");
    case PutOutcome::too_large: return answer("SERVER_ERROR object too large for cache");
    case PutOutcome::key_held: return answer("EXISTS");
    case PutOutcome::gone: return answer("NOT_FOUND");
    case PutOutcome::no_space: return answer("SERVER_ERROR out of memory storing object");
    case PutOutcome::failed: return answer(storage_failed);
  }
}

// --- taking

/// close and abort end what this connection has open. A reply: there is nothing more to do.
std::optional<std::string> Session::leave_open(const KeyToken& key) {
  const auto& queue = key.queues.front();
  const auto opened = open_.find(queue.text());
  if (opened != open_.end()) {
    const queue::Delivery delivery{queue, opened->second};
    const auto result = key.has(Option::close) ? hub_.store.acknowledge(delivery)
                                               : hub_.store.release(delivery, Milliseconds(0));
    open_.erase(opened);
    if (result.outcome == Settled::failed) return std::string(storage_failed);
  }
  const bool goes_on = key.has(Option::open) || key.has(Option::timeout);
  return goes_on ? std::nullopt : std::optional<std::string>(end_reply);
}

void Session::execute_get(Command& command) {
  auto& key = command.keys.front();
  const bool shows_id = command.verb == Verb::gets;
  ++(key.has(Option::peek) ? hub_.counters.peeks : hub_.counters.gets);
  if (key.has(Option::close) || key.has(Option::abort)) {
    if (const auto reply = leave_open(key)) return answer(*reply);
  } else if (!key.has(Option::lease)) {
    const bool has_open = std::ranges::any_of(
        key.queues, [&](const QueueName& queue) { return open_.contains(queue.text()); });
    if (has_open && !key.has(Option::peek))
      return answer("CLIENT_ERROR an item of this queue is open: close or abort it first");
  }
  if (key.has(Option::ack)) {
    const auto result = hub_.store.acknowledge({*key.delivery_queue, key.delivery});
    if (result.outcome == Settled::gone)
      return answer("CLIENT_ERROR delivery " + std::to_string(key.delivery) + " is gone");
    if (result.outcome == Settled::failed) return answer(storage_failed);
  }
  if (take(key, shows_id)) return;
  if (key.timeout > Milliseconds(0)) {
    waiting_.emplace(shows_id, std::move(key), std::string());
    waiting_->key_text = waiting_->key.text;
    waiting_->key.text = waiting_->key_text;
    hub_.waiters.add(*this, waiting_->key.queues, hub_.clock.steady() + waiting_->key.timeout);
    return;
  }
  ++hub_.counters.misses;
  answer(end_reply);
}

/// False: nothing is ready, nothing was answered.
bool Session::take(const KeyToken& key, bool shows_id) {
  const TakeRequest request{.queues = key.queues,
                            .priority_min = key.priority_min,
                            .priority_max = key.priority_max,
                            .mode = mode_of(key),
                            .lease = key.lease,
                            .connection = id_};
  std::string reply;
  std::vector<queue::Unsent> pops;
  for (std::uint64_t i = 0; i < key.count && reply.size() < output_size_max; ++i) {
    const auto taken = key.has(Option::peek) ? hub_.store.peek(request) : hub_.store.take(request);
    if (!taken) break;
    append_value(reply, *taken, key.has(Option::echo) ? key.text : taken->queue, shows_id);
    if (!key.has(Option::peek)) log_hand_out(*taken);
    if (taken->unsent.queue) pops.push_back(taken->unsent);
    if (request.mode == TakeRequest::Mode::open)
      open_.insert_or_assign(std::string(taken->queue), taken->delivery);
    ++hub_.counters.hits;
  }
  if (reply.empty()) return false;
  reply.append("END\r\n");
  emit(std::move(reply), 0, std::move(pops));
  return true;
}

void Session::execute_multi_get(const Command& command) {
  std::string reply;
  std::vector<queue::Unsent> pops;
  for (const auto& key : command.keys) {
    ++(key.has(Option::peek) ? hub_.counters.peeks : hub_.counters.gets);
    const TakeRequest request{
        .queues = key.queues, .priority_min = key.priority_min, .priority_max = key.priority_max};
    const auto taken = key.has(Option::peek) ? hub_.store.peek(request) : hub_.store.take(request);
    if (!taken) {
      ++hub_.counters.misses;
      continue;
    }
    ++hub_.counters.hits;
    append_value(reply, *taken, key.has(Option::echo) ? key.text : taken->queue,
                 command.verb == Verb::gets);
    if (taken->unsent.queue) {
      log_hand_out(*taken);
      pops.push_back(taken->unsent);
    }
  }
  reply.append("END\r\n");
  emit(std::move(reply), 0, std::move(pops));
}

void Session::retry() {
  if (!waiting_) return;
  if (peer_.is_gone()) {
    end_of_input();
    return peer_.has_output();  // so that the connection looks at its end
  }
  if (!take(waiting_->key, waiting_->shows_id)) return;
  hub_.waiters.remove(*this);
  waiting_.reset();
  go_on();
}

void Session::give_up_waiting() {
  hub_.waiters.remove(*this);
  waiting_.reset();
  ++hub_.counters.misses;
  answer(end_reply);
  go_on();
}

// --- finishing and steering

queue::SettleResult Session::settle(const KeyToken& key) {
  auto& store = hub_.store;
  const auto& queue = key.queues.front();
  const queue::Delivery delivery{queue, key.delivery};
  if (key.has(Option::ack)) return store.acknowledge(delivery);
  if (key.has(Option::nack))
    return key.has(Option::undo) ? store.release_uncounted(delivery)
                                 : store.release(delivery, key.delay);
  if (key.has(Option::dead)) return store.reject(delivery);
  if (key.has(Option::bury)) return store.bury(delivery);
  if (key.has(Option::id)) return store.remove_by_id(queue, queue::hash_key(key.id));
  if (key.has(Option::unique)) return store.remove_by_unique(queue, hash_of_hex(key.unique));
  if (key.has(Option::sequence)) return store.remove_by_sequence(queue, key.sequence);
  if (key.has(Option::pause)) return store.pause(queue);
  if (key.has(Option::resume)) return store.resume(queue);
  if (key.has(Option::kick)) return store.kick(queue, key.kick);
  if (key.has(Option::flush)) return store.flush_queue(queue);
  return store.drop_queue(queue);
}

void Session::execute_delete(const Command& command) {
  const auto result = settle(command.keys.front());
  if (!command.is_silent) answer_settled(result, "DELETED");
}

void Session::execute_touch(const Command& command) {
  const auto& key = command.keys.front();
  queue::SettleResult result{Settled::gone};
  if (key.has(Option::lease)) {
    constexpr std::int64_t seconds_max = 100ll * 365 * 24 * 3600;  // lease_max cuts it anyway
    const Seconds seconds(std::clamp<std::int64_t>(command.exptime, 0, seconds_max));
    result = hub_.store.touch({key.queues.front(), key.delivery}, seconds, id_);
  }
  if (!command.is_silent) answer_settled(result, "TOUCHED");
}

void Session::answer_settled(queue::SettleResult result, std::string_view done) {
  switch (result.outcome) {
    case Settled::done: return answer(done, result.wait_for);
    case Settled::gone: return answer("NOT_FOUND");
    case Settled::failed: return answer(storage_failed);
  }
}

void Session::execute_flush_all(const Command& command) {
  std::string_view reply = "OK";
  queue::Sequence wait_for = 0;
  if (!hub_.options.allow_flush_all)
    reply = "CLIENT_ERROR flush_all is disabled";
  else if (command.exptime > 0)
    reply = "CLIENT_ERROR flush_all with a delay is not supported";
  else if (const auto result = hub_.store.flush_all(); result.outcome == Settled::failed)
    reply = storage_failed;
  else
    wait_for = result.wait_for;
  if (!command.is_silent) answer(reply, wait_for);
}

void Session::execute_stats(const Command& command) {
  emit(stats_reply(hub_, command.words), 0, {});
}

}  // namespace daemonz::queue_server
