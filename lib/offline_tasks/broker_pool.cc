#include "offline_tasks/broker_pool.h"

#include <unistd.h>

namespace daemonz::offline_tasks {
namespace {

constexpr std::size_t idle_max = 32;  // as many pushes at once are rare; their sockets are closed

}  // namespace

BrokerPool::~BrokerPool() {
  if (auto* mine = idle_.load(); mine->pid == ::getpid()) delete mine;
}

BrokerPool::Idle& BrokerPool::idle() {
  auto* known = idle_.load();
  if (known->pid == ::getpid()) return *known;
  auto fresh = std::make_unique<Idle>();
  if (idle_.compare_exchange_strong(known, fresh.get())) return *fresh.release();
  return *known;  // another thread of the child was faster
}

std::unique_ptr<broker::Broker> BrokerPool::take() {
  auto& shared = idle();
  {
    const std::lock_guard lock(shared.mutex);
    if (!shared.brokers.empty()) {
      auto broker = std::move(shared.brokers.back());
      shared.brokers.pop_back();
      return broker;
    }
  }
  return broker::connect(options_);
}

void BrokerPool::give_back(std::unique_ptr<broker::Broker> broker) {
  auto& shared = idle();
  const std::lock_guard lock(shared.mutex);
  if (shared.brokers.size() < idle_max) shared.brokers.push_back(std::move(broker));
}

}  // namespace daemonz::offline_tasks
