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
                         Held{.lease = {.queue = lease.queue, .id = lease.id, .flags = lease.flags},
                              .sure_at = real_clock().steady()});
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

broker::Settled Heartbeat::touch(const broker::Lease& lease) {
  if (!connection_) connection_ = options_.connect();
  const auto asked_at = real_clock().steady();
  const auto settled = connection_->extend(lease, options_.lease);
  const std::scoped_lock lock(guard_);
  const auto found = held_.find(Key(lease.queue, lease.id));
  if (found == held_.end()) return settled;  // settled meanwhile
  if (settled == broker::Settled::done) found->second.sure_at = asked_at;
  if (settled != broker::Settled::gone || found->second.is_lost) return settled;
  found->second.is_lost = true;
  log::warn("processor", "lease lost", {{"queue", lease.queue.text()}, {"delivery", lease.id}});
  return settled;
}

bool Heartbeat::touch_all() {
  const std::scoped_lock one_at_a_time(connection_guard_);
  for (const auto& lease : held())
    if (touch(lease) == broker::Settled::unknown) return false;
  return true;
}

bool Heartbeat::confirm(const broker::Lease& lease) {
  {
    const std::scoped_lock lock(guard_);
    const auto found = held_.find(Key(lease.queue, lease.id));
    if (found == held_.end() || found->second.is_lost) return false;
    if (real_clock().steady() - found->second.sure_at < options_.lease) return true;
  }
  const std::scoped_lock one_at_a_time(connection_guard_);
  try {
    // No answer says nothing: a server that restarts keeps the lease, and the fences hold.
    return touch(lease) != broker::Settled::gone;
  } catch (const Error&) {
    return true;
  }
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
