// What each command does, but for those that take items (taking.cc). Follows queue-protocol.md,
// table by table.
#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "queue_server/replies.h"
#include "queue_server/session.h"
#include "queue_server/stats.h"

namespace daemonz::queue_server {
namespace {

using queue::PutOutcome;
using queue::Settled;

/// Of the memcache protocol that stock tools know: they change their expectations below 1.6.
constexpr std::string_view protocol_version = "VERSION 1.6.0";
constexpr std::int64_t exptime_relative_max = 60 * 60 * 24 * 30;  // memcached: larger is an epoch
/// Bodies of put_many as a whole.
constexpr std::uint64_t many_size_max = 64ull << 20;

/// memcached's EXPTIME: 0 is never, a negative one has passed.
std::optional<WallTime> time_of(std::int64_t exptime, WallTime now) {
  if (exptime == 0) return std::nullopt;
  if (exptime < 0) return now;
  if (exptime <= exptime_relative_max) return now + Seconds(exptime);
  constexpr std::int64_t year_9999 = 253'402'300'799;  // keeps milliseconds within 64 bits
  return from_unix_milliseconds(std::min(exptime, year_9999) * 1000);
}

std::optional<WallTime> expiry_of(const Command& command, WallTime now) {
  const auto& ttl = command.keys.front().ttl;
  return ttl ? now + *ttl : time_of(command.exptime, now);
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
      if (command.keys.size() > 1) return execute_multi_get(command);
      return command.keys.front().has(Option::list) ? execute_list(command) : execute_get(command);
    case Verb::remove: return execute_delete(command);
    case Verb::touch: return execute_touch(command);
    case Verb::stats: return execute_stats(command);
    case Verb::version: return answer(protocol_version);
    case Verb::verbosity:
      if (!command.is_silent) answer("OK");
      return;
    case Verb::flush_all: return execute_flush_all(command);
    case Verb::flush: return execute_flush(command);
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
    case Settled::no_space: return answer(no_space);
    case Settled::failed: return answer(storage_failed);
  }
}

void Session::execute_flush(const Command& command) {
  const auto result = hub_.store.flush_queue(command.keys.front().queues.front());
  if (!command.is_silent)
    answer(result.outcome == Settled::failed     ? storage_failed
           : result.outcome == Settled::no_space ? no_space
                                                 : end_reply,
           result.wait_for);
}

void Session::execute_flush_all(const Command& command) {
  std::string_view reply = "OK";
  queue::Sequence wait_for = 0;
  const auto now = hub_.clock.wall();
  const auto due = time_of(command.exptime, now).value_or(now);
  if (!hub_.options.allow_flush_all)
    reply = "CLIENT_ERROR flush_all is disabled";
  else if (due > now)
    hub_.flush_all_at(hub_.clock.steady() + (due - now));
  else if (const auto result = hub_.store.flush_all(); result.outcome != Settled::done)
    reply = result.outcome == Settled::failed ? storage_failed : no_space;
  else
    wait_for = result.wait_for;
  if (!command.is_silent) answer(reply, wait_for);
}

void Session::execute_stats(const Command& command) {
  emit(stats_reply(hub_, command.words), 0, {});
}

}  // namespace daemonz::queue_server
