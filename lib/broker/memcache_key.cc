#include "broker/memcache_key.h"

#include <algorithm>

#include "base/error.h"

namespace daemonz::broker {
namespace {

constexpr std::size_t id_size_max = 64;
constexpr std::size_t unique_key_size = 32;

void check_size(std::string_view key) {
  if (key.size() > key_size_max)
    throw Error(ErrorText{.what = "queue names and options make a key of " +
                                  std::to_string(key.size()) + " bytes, the queue server takes " +
                                  std::to_string(key_size_max),
                          .where = std::string(key.substr(0, 60)) + "...",
                          .hint = "Name fewer queues at once, or shorter ones"});
}

std::string checked(std::string key) {
  check_size(key);
  return key;
}

bool is_option_text(std::string_view text) {  // a blank or a slash would start another word
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < 0x7f && c != '/' && c != ','; });
}

void check_id(const std::string& id) {
  if (id.size() > id_size_max || !is_option_text(id))
    throw Error(ErrorText{.what = "\"" + id.substr(0, id_size_max) +
                                  "\" is not a retry token (1..64 characters, no blank, / or ,)"});
}

void check_unique_key(const std::string& key) {
  const bool is_hex = std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
  if (key.size() != unique_key_size || !is_hex)
    throw Error(ErrorText{.what = "a unique key has 32 hexadecimal digits",
                          .where = key.substr(0, 2 * unique_key_size)});
}

void add(std::string& key, const char* option, auto number) {
  key += '/';
  key += option;
  key += '=';
  key += std::to_string(number);
}

std::string put_key(const QueueName& queue, const PushOptions& options) {
  auto key = queue.text();
  if (options.priority != priority_default) add(key, "p", options.priority.level);
  if (options.delay.count() > 0) add(key, "d", options.delay.count());
  if (options.expires_in.count() > 0) add(key, "ttl", options.expires_in.count());
  if (options.deliveries_max > 0) add(key, "r", options.deliveries_max);
  if (!options.id.empty()) {
    check_id(options.id);
    key += "/id=" + options.id;
  }
  if (!options.unique_key.empty()) {
    check_unique_key(options.unique_key);
    key += "/u=" + options.unique_key;
  }
  return key;
}

std::string ack_option(const Lease& lease) {
  return "/ack=" + std::to_string(lease.id) + ":" + lease.queue.text();
}

}  // namespace

std::string push_key(const QueueName& queue, const PushOptions& options) {
  return checked(put_key(queue, options));
}

std::string push_many_key(const QueueName& queue, const PushOptions& options, std::size_t count) {
  auto key = put_key(queue, options);
  add(key, "many", count);
  return checked(std::move(key));
}

std::string replace_key(const Lease& lease, const QueueName& queue, const PushOptions& options) {
  return checked(put_key(queue, options) + ack_option(lease));
}

std::string pop_key(const PopRequest& request, Milliseconds wait) {
  if (request.queues.empty()) throw Error("a pop needs at least one queue");
  std::string key;
  for (const auto& queue : request.queues) {
    if (!key.empty()) key += ',';
    key += queue.text();
  }
  key += "/open";
  add(key, "lease", request.lease.count());
  if (wait.count() > 0) add(key, "t", std::min(wait, wait_max).count());
  if (request.priority_min != priority_first) add(key, "min", request.priority_min.level);
  if (request.priority_max != priority_last) add(key, "max", request.priority_max.level);
  check_size(key);  // an ack may travel by itself
  if (request.ack) key += ack_option(*request.ack);
  return key;
}

std::string id_key(const QueueName& queue, const std::string& id) {
  check_id(id);
  return checked(queue.text() + "/id=" + id);
}

std::string lease_key(const Lease& lease, const char* verb) {
  auto key = lease.queue.text();
  add(key, verb, lease.id);
  return checked(std::move(key));
}

}  // namespace daemonz::broker
