#include "queue_server/stats.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace daemonz::queue_server {
namespace {

/// Of memcached's memory, which a queue has not: stock tools ask for them.
constexpr std::array empty_topics = {std::string_view("items"), std::string_view("slabs"),
                                     std::string_view("sizes"), std::string_view("conns"),
                                     std::string_view("cachedump")};

class Reply {
 public:
  void stat(std::string_view name, std::string_view value) {
    text_.append("STAT ").append(name).append(" ").append(value).append("\r\n");
  }
  void stat(std::string_view name, std::uint64_t value) { stat(name, std::to_string(value)); }
  [[nodiscard]] std::string end() { return std::move(text_.append("END\r\n")); }

 private:
  std::string text_;
};

std::string seconds_text(const timeval& time) {
  char text[48];
  std::snprintf(text, sizeof text, "%lld.%06lld", static_cast<long long>(time.tv_sec),
                static_cast<long long>(time.tv_usec));
  return text;
}

std::uint64_t count(Milliseconds time) { return static_cast<std::uint64_t>(time.count()); }

void add_process(Reply& reply, Hub& hub) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto up = std::chrono::duration_cast<Seconds>(hub.clock.steady() - hub.started);
  reply.stat("pid", static_cast<std::uint64_t>(::getpid()));
  reply.stat("uptime", static_cast<std::uint64_t>(up.count()));
  reply.stat("time", static_cast<std::uint64_t>(unix_milliseconds(hub.clock.wall()) / 1000));
  reply.stat("version", "1.6.0");
  reply.stat("rusage_user", seconds_text(usage.ru_utime));
  reply.stat("rusage_system", seconds_text(usage.ru_stime));
}

void add_counters(Reply& reply, Hub& hub) {
  std::uint64_t items = 0, total = 0, bytes = 0;
  for (const auto& queue : hub.store.figures()) {
    items += queue.items();
    total += queue.total;
    bytes += queue.bytes;
  }
  const auto& counters = hub.counters;
  reply.stat("curr_items", items);
  reply.stat("total_items", total);
  reply.stat("bytes", bytes);
  reply.stat("curr_connections", counters.connections_now);
  reply.stat("total_connections", counters.connections_total);
  reply.stat("cmd_get", counters.gets);
  reply.stat("cmd_set", counters.sets);
  reply.stat("cmd_peek", counters.peeks);
  reply.stat("get_hits", counters.hits);
  reply.stat("get_misses", counters.misses);
  reply.stat("bytes_read", counters.bytes_read);
  reply.stat("bytes_written", counters.bytes_written);
  reply.stat("limit_maxbytes", hub.options.memory_limit);
}

void add_journal(Reply& reply, Hub& hub) {
  const auto figures = hub.store.storage();
  reply.stat("journal_bytes", figures.bytes);
  reply.stat("journal_segments", figures.segments);
  reply.stat("fsync_count", figures.syncs);
  reply.stat("fsync_p99_us", figures.sync_p99_us);
  reply.stat("recovery_ms", count(figures.recovery));
  reply.stat("recovery_cut_bytes", figures.cut_bytes);
  reply.stat("read_only", std::uint64_t{hub.store.is_failed()});
  if (!figures.failure.empty()) reply.stat("failure", figures.failure);
}

void add_queue(Reply& reply, Hub& hub, const queue::QueueFigures& queue, std::uint64_t logsize) {
  const auto prefix = "queue_" + queue.name + "_";
  const auto stat = [&](std::string_view name, std::uint64_t value) {
    reply.stat(prefix + std::string(name), value);
  };
  stat("items", queue.items());
  stat("total_items", queue.total);
  stat("bytes", queue.bytes);
  stat("logsize", logsize);  // one log for all queues
  stat("expired_items", queue.expired);
  stat("age", count(queue.last_age));
  stat("discarded", queue.discarded);
  stat("waiters", hub.waiters.count(queue.name));
  stat("open_transactions", queue.open_now);
  stat("transactions", queue.opened);
  stat("canceled_transactions", queue.canceled);
  stat("total_flushes", queue.flushes);
  stat("mem_items", 0);  // bodies are in the log, not in memory
  stat("mem_bytes", 0);
  stat("ready", queue.ready);
  stat("delayed", queue.delayed);
  stat("leased", queue.leased);
  stat("buried", queue.buried);
  stat("redelivered", queue.redelivered);
  stat("dead", queue.dead);
  stat("oldest_age_ms", count(queue.oldest_age));
  stat("paused", queue.is_paused ? 1 : 0);
}

/// One queue's, or all where `name` is empty.
void add_queues(Reply& reply, Hub& hub, std::string_view name) {
  const auto logsize = hub.store.storage().bytes;
  for (const auto& queue : hub.store.figures())
    if (name.empty() || queue.name == name) add_queue(reply, hub, queue, logsize);
}

void reset(Hub& hub) {
  const auto now = hub.counters.connections_now;
  hub.counters = {.connections_now = now};
}

}  // namespace

std::string stats_reply(Hub& hub, std::span<const std::string_view> words) {
  Reply reply;
  const auto topic = words.empty() ? std::string_view() : words[0];
  if (topic == "reset") {
    reset(hub);
    return "RESET\r\n";
  }
  if (topic.empty()) {
    add_process(reply, hub);
    add_counters(reply, hub);
    add_journal(reply, hub);
    add_queues(reply, hub, {});
  } else if (topic == "queues") {
    add_queues(reply, hub, {});
  } else if (topic == "queue" && words.size() == 2) {
    add_queues(reply, hub, words[1]);
  } else if (topic == "settings") {
    reply.stat("maxbytes", hub.options.memory_limit);
  } else if (std::ranges::find(empty_topics, topic) == empty_topics.end()) {
    return "ERROR\r\n";  // memcached's answer
  }
  return reply.end();
}

}  // namespace daemonz::queue_server
