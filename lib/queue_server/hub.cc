#include "queue_server/hub.h"

#include <algorithm>

#include "queue_server/session.h"

namespace daemonz::queue_server {

void Waiters::add(Session& session, const std::vector<QueueName>& queues,
                  std::optional<SteadyTime> deadline) {
  Waiter waiter{.ticket = ++last_ticket_, .deadline = deadline};
  for (const auto& queue : queues) {
    waiter.queues.push_back(queue.text());
    by_queue_[queue.text()].emplace(waiter.ticket, &session);
  }
  if (deadline) deadlines_.emplace(*deadline, &session);
  waiters_.emplace(&session, std::move(waiter));
}

void Waiters::remove(Session& session) {
  const auto found = waiters_.find(&session);
  if (found == waiters_.end()) return;
  const auto& waiter = found->second;
  for (const auto& name : waiter.queues) {
    const auto queue = by_queue_.find(name);
    if (queue == by_queue_.end()) continue;  // the same queue was named twice
    queue->second.erase(waiter.ticket);
    if (queue->second.empty()) by_queue_.erase(queue);
  }
  if (waiter.deadline) deadlines_.erase({*waiter.deadline, &session});
  waiters_.erase(found);
}

Waiters::Next Waiters::after(std::uint64_t ticket, const std::string& queue) const {
  const auto found = by_queue_.find(queue);
  if (found == by_queue_.end()) return {};
  const auto next = found->second.upper_bound(ticket);
  if (next == found->second.end()) return {};
  return {next->second, next->first};
}

std::uint64_t Waiters::count(const std::string& queue) const {
  const auto found = by_queue_.find(queue);
  return found == by_queue_.end() ? 0 : found->second.size();
}

std::optional<SteadyTime> Waiters::next_deadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

Session* Waiters::first_due(SteadyTime now) const {
  if (deadlines_.empty() || deadlines_.begin()->first > now) return nullptr;
  return deadlines_.begin()->second;
}

void Hub::serve_waiters() {
  // Serving one may make others ready (a session goes on with what its client had sent before).
  for (auto ready = store.take_newly_ready(); !ready.empty(); ready = store.take_newly_ready()) {
    for (const auto& name : ready)
      for (Waiters::Next next; store.ready_count(name) > 0;) {
        next = waiters.after(next.ticket, name);
        if (!next.session) break;
        next.session->retry();
      }
  }
}

void Hub::begin_turn() {
  store.advance();
  if (!flush_due_ || *flush_due_ > clock.steady()) return;
  flush_due_.reset();
  // Nobody waits for the answer; a disk that fails is said by stats and the log.
  static_cast<void>(store.flush_all());
}

void Hub::end_turn() {
  serve_waiters();
  const auto now = clock.steady();
  while (auto* session = waiters.first_due(now)) session->give_up_waiting();
  serve_waiters();
  store.flush();
  const bool has_failed = store.is_failed();
  for (auto* session : std::exchange(unwritten, {}))
    has_failed ? session->take_back_unwritten() : session->is_written();
  is_read_only = has_failed;
}

std::optional<SteadyTime> Hub::next_deadline() const {
  std::optional<SteadyTime> next;
  for (const auto& each : {store.next_deadline(), waiters.next_deadline(), flush_due_})
    if (each) next = next ? std::min(*next, *each) : each;
  return next;
}

}  // namespace daemonz::queue_server
