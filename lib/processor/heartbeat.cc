#include "processor/heartbeat.h"

#include "base/error.h"
#include "base/log.h"

namespace daemonz::processor {
namespace {

// After an unanswered touch: a restarted server waits 3 s for the leases of its old connections.
constexpr Milliseconds retry_wait{250};

}  // namespace

Heartbeat::~Heartbeat() {
  {
    const std::scoped_lock lock(guard_);
    is_stopped_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Heartbeat::hold(const broker::Lease& lease) {
  const std::scoped_lock lock(guard_);
  held_.insert_or_assign(Key(lease.queue, lease.id),
                         Held{{.queue = lease.queue, .id = lease.id, .flags = lease.flags}});
  if (!thread_.joinable()) thread_ = std::thread([this] { beat_until_stopped(); });
}

void Heartbeat::drop(const broker::Lease& lease) {
  const std::scoped_lock lock(guard_);
  held_.erase(Key(lease.queue, lease.id));
}

bool Heartbeat::is_lost(const broker::Lease& lease) const {
  const std::scoped_lock lock(guard_);
  const auto found = held_.find(Key(lease.queue, lease.id));
  return found != held_.end() && found->second.is_lost;
}

std::size_t Heartbeat::held_count() const {
  const std::scoped_lock lock(guard_);
  return held_.size();
}

std::vector<broker::Lease> Heartbeat::held() const {
  const std::scoped_lock lock(guard_);
  std::vector<broker::Lease> leases;
  for (const auto& [key, held] : held_)
    if (!held.is_lost) leases.push_back(held.lease);
  return leases;
}

int Heartbeat::release_all() {
  const std::scoped_lock lock(connection_guard_);
  int released = 0;
  for (const auto& lease : held()) {
    if (!connection_) connection_ = options_.connect();
    if (connection_->release(lease, broker::Broker::Release::uncounted) == broker::Settled::done)
      ++released;
  }
  return released;
}

bool Heartbeat::touch_all() {
  const std::scoped_lock one_at_a_time(connection_guard_);
  for (const auto& lease : held()) {
    if (!connection_) connection_ = options_.connect();
    const auto settled = connection_->extend(lease, options_.lease);
    if (settled == broker::Settled::unknown) return false;
    if (settled != broker::Settled::gone) continue;
    const std::scoped_lock lock(guard_);
    const auto found = held_.find(Key(lease.queue, lease.id));
    if (found == held_.end()) continue;  // settled meanwhile
    found->second.is_lost = true;
    log::warn("processor", "lease lost", {{"queue", lease.queue.text()}, {"delivery", lease.id}});
  }
  return true;
}

void Heartbeat::beat_until_stopped() {
  auto wait = options_.every;
  for (;;) {
    {
      std::unique_lock lock(guard_);
      if (changed_.wait_for(lock, wait, [&] { return is_stopped_; })) return;
    }
    bool is_answered = false;
    try {
      is_answered = touch_all();
    } catch (const Error& problem) {
      log::debug("processor", "touch failed", {{"problem", problem.what()}});
    }
    wait = is_answered ? options_.every : retry_wait;
  }
}

}  // namespace daemonz::processor
