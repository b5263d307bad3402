// The commands that take items, or look at them. Follows queue-protocol.md, "Taking".
#include <algorithm>

#include "base/base64.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "queue_server/replies.h"
#include "queue_server/session.h"

namespace daemonz::queue_server {
namespace {

using queue::Settled;
using queue::TakeRequest;

constexpr std::string_view is_open_reply =
    "CLIENT_ERROR an item of this queue is open: close or abort it first";

std::string_view command_name(bool shows_id) { return shows_id ? "gets" : "get"; }

Value value_of(const queue::Taken& taken, const KeyToken& key, bool shows_id) {
  return {.key = key.has(Option::echo) ? key.text : taken.queue,
          .flags = taken.flags,
          .id = shows_id ? taken.delivery : 0,
          .body = taken.body};
}

/// What /reason shows.
std::string describe(const queue::Browsed& item) {
  constexpr std::string_view states[] = {"ready", "delayed", "leased", "buried"};
  constexpr std::string_view reasons[] = {"", "deliveries", "rejected", "expired"};
  const bool is_text = is_utf8(item.body);
  json::object text{{"seq", item.sequence},
                    {"state", states[static_cast<std::size_t>(item.state)]},
                    {"reason", nullptr},
                    {"priority", item.priority},
                    {"deliveries", item.deliveries},
                    {"age_ms", item.age.count()},
                    {"bytes", item.body.size()},
                    {"body", is_text ? item.body : to_base64(item.body)}};
  if (item.reason != queue::Reason::none)
    text["reason"] = reasons[static_cast<std::size_t>(item.reason)];
  if (!is_text) text["encoding"] = "base64";  // else nobody could tell
  return json::serialize(text);
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
    if (result.outcome == Settled::no_space) return std::string(no_space_for_get);
  }
  const bool goes_on = key.has(Option::open) || key.has(Option::lease) || key.has(Option::timeout);
  return goes_on ? std::nullopt : std::optional<std::string>(end_reply);
}

/// Whether this connection has an item of one of the queues open (others may have ended it by ID).
bool Session::has_open(const KeyToken& key) {
  return std::ranges::any_of(key.queues, [&](const QueueName& queue) {
    const auto opened = open_.find(queue.text());
    if (opened == open_.end()) return false;
    if (hub_.store.is_delivered({queue, opened->second})) return true;
    open_.erase(opened);
    return false;
  });
}

void Session::execute_get(Command& command) {
  auto& key = command.keys.front();
  const bool shows_id = command.verb == Verb::gets;
  ++(key.has(Option::peek) ? hub_.counters.peeks : hub_.counters.gets);
  if (key.has(Option::close) || key.has(Option::abort)) {
    if (const auto reply = leave_open(key)) return answer(*reply);
  } else if (!key.has(Option::lease) && !key.has(Option::peek) && has_open(key)) {
    return answer(is_open_reply);
  }
  if (key.has(Option::ack)) {
    const auto result = hub_.store.acknowledge({*key.delivery_queue, key.delivery});
    if (result.outcome == Settled::gone)
      return answer("CLIENT_ERROR delivery " + std::to_string(key.delivery) + " is gone");
    if (result.outcome == Settled::failed) return answer(storage_failed);
    if (result.outcome == Settled::no_space) return answer(no_space_for_get);
  }
  if (take(key, shows_id)) return;
  if (key.timeout > Milliseconds(0) && !has_ended_) {
    waiting_.emplace(Waiting{shows_id, std::move(key), std::string()});
    waiting_->key_text = waiting_->key.text;
    waiting_->key.text = waiting_->key_text;
    hub_.waiters.add(*this, waiting_->key.queues, hub_.clock.steady() + waiting_->key.timeout);
    const auto& options = waiting_->key;
    if (options.has(Option::ack) || options.has(Option::close) || options.has(Option::abort))
      rest_on_unwritten();  // whatever the answer will be, it says that this was done
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
    append_value(reply, value_of(*taken, key, shows_id));
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
  const bool shows_id = command.verb == Verb::gets;
  if (std::ranges::any_of(command.keys, [&](const KeyToken& key) {
        return !key.has(Option::peek) && has_open(key);
      }))
    return answer(is_open_reply);
  std::string reply;
  std::vector<queue::Unsent> pops;
  for (const auto& key : command.keys) {
    if (reply.size() >= output_size_max || !rest_.empty()) {  // the others when this is sent
      rest_.append(rest_.empty() ? command_name(shows_id) : "").append(" ").append(key.text);
      continue;
    }
    ++(key.has(Option::peek) ? hub_.counters.peeks : hub_.counters.gets);
    const TakeRequest request{
        .queues = key.queues, .priority_min = key.priority_min, .priority_max = key.priority_max};
    const auto taken = key.has(Option::peek) ? hub_.store.peek(request) : hub_.store.take(request);
    if (!taken) {
      ++hub_.counters.misses;
      continue;
    }
    ++hub_.counters.hits;
    append_value(reply, value_of(*taken, key, shows_id));
    if (taken->unsent.queue) {
      log_hand_out(*taken);
      pops.push_back(taken->unsent);
    }
  }
  if (rest_.empty()) reply.append("END\r\n");
  emit(std::move(reply), 0, std::move(pops));
}

/// Items that are looked at, in put order. A VALUE's key is q/SEQ.
void Session::execute_list(const Command& command) {
  const auto& key = command.keys.front();
  const auto& queue = key.queues.front();
  ++hub_.counters.peeks;
  const auto items = hub_.store.browse(
      queue, {.after = key.after, .count = key.list, .bytes_max = output_size_max});
  std::string reply;
  for (const auto& item : items) {
    const auto told = key.has(Option::reason) ? describe(item) : std::string();
    append_value(reply,
                 {.key = queue.text() + "/" + std::to_string(item.sequence),
                  .flags = told.empty() ? item.flags : 0,  // they say what the body's bytes are
                  .id = command.verb == Verb::gets ? item.sequence : 0,
                  .body = told.empty() ? item.body : told});
  }
  reply.append("END\r\n");
  emit(std::move(reply), 0, {});
}

void Session::retry() {
  // One that has gone gets nothing: its connection will hear of it, and drop the wait.
  if (!waiting_ || peer_.is_gone() || !take(waiting_->key, waiting_->shows_id)) return;
  has_ended_wait_ = true;
  stop_waiting();
  go_on();
}

void Session::stop_waiting() {
  hub_.waiters.remove(*this);
  waiting_.reset();
}

void Session::give_up_waiting() {
  stop_waiting();
  ++hub_.counters.misses;
  answer(end_reply);
  go_on();
}

}  // namespace daemonz::queue_server
