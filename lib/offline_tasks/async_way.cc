#include "offline_tasks/async_way.h"

#include <unistd.h>

#include "base/log.h"
#include "offline_tasks/push.h"

namespace daemonz::offline_tasks {

struct AsyncWay::Shared {
  /// Due time (of what is due at once: the epoch), then pulls first, then priority, then age.
  using Place = std::tuple<WallTime, bool, std::uint8_t, std::uint64_t>;
  std::mutex guard;
  std::condition_variable changed;
  std::map<Place, Envelope> waiting;
  std::multiset<std::string> unique_keys;  // of all that live
  std::uint64_t arrivals = 0;
  std::atomic<bool> is_stopping = false;
  std::vector<std::thread> threads;

  void add(Envelope job, WallTime now) {
    const bool waits = job.run_at && *job.run_at > now;
    const Place place{waits ? *job.run_at : WallTime{}, job.queue != pulls, job.priority.level,
                      ++arrivals};
    waiting.emplace(place, std::move(job));
    changed.notify_one();
  }
};

AsyncWay::AsyncWay(Performer& performer, int threads)
    : performer_(performer), pid_(::getpid()), shared_(std::make_unique<Shared>()) {
  for (int i = 0; i < threads; ++i) shared_->threads.emplace_back([this] { work(); });
}

AsyncWay::~AsyncWay() {
  if (pid_ != ::getpid()) {
    (void)shared_.release();  // its mutex may be locked by a thread that is not here
    return;
  }
  shared_->is_stopping = true;
  {
    const std::lock_guard lock(shared_->guard);
    shared_->changed.notify_all();
  }
  for (auto& thread : shared_->threads) thread.join();
  if (const auto left = shared_->waiting.size(); left > 0)
    log::warn("offline_tasks", "async jobs for later are dropped", {{"jobs", left}});
}

broker::PushResult AsyncWay::take(const Parcel& parcel, Milliseconds) {
  if (pid_ != ::getpid())
    return {broker::PushState::refused,
            "its threads stayed in the parent of this process: call connect() again after fork()"};
  const std::lock_guard lock(shared_->guard);
  for (const auto& body : parcel.bodies) {
    auto job = Envelope::decode(body).value();
    if (const auto key = job.unique_key(); !key.empty()) {
      if (shared_->unique_keys.contains(key))
        return {broker::PushState::duplicate, "a job with this unique key is alive"};
      shared_->unique_keys.insert(key);
    }
    performer_.results().keep({.id = job.id, .state = JobState::queued});
    shared_->add(std::move(job), real_clock().wall());
  }
  return {broker::PushState::confirmed, {}};
}

void AsyncWay::work() {
  auto& shared = *shared_;
  std::unique_lock lock(shared.guard);
  for (;;) {
    const auto first = shared.waiting.begin();
    const bool is_due =
        first != shared.waiting.end() && std::get<0>(first->first) <= real_clock().wall();
    if (!is_due) {
      if (shared.is_stopping) return;
      if (first == shared.waiting.end())
        shared.changed.wait(lock);
      else
        shared.changed.wait_until(lock, std::get<0>(first->first));
      continue;
    }
    const auto job = std::move(shared.waiting.extract(first).mapped());
    lock.unlock();
    std::optional<Envelope> successor;
    (void)performer_.settle(
        job, [&] { return shared.is_stopping.load(); }, successor);
    lock.lock();
    if (successor) {
      shared.add(std::move(*successor), real_clock().wall());
      continue;
    }
    if (const auto held = shared.unique_keys.find(job.unique_key());
        held != shared.unique_keys.end())
      shared.unique_keys.erase(held);
  }
}

}  // namespace daemonz::offline_tasks
