#include "offline_tasks/fake.h"

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "offline_tasks/performer.h"
#include "offline_tasks/push.h"

namespace daemonz::offline_tasks {

SteadyTime MovableClock::steady() const {
  const std::lock_guard lock(guard_);
  return steady_;
}

WallTime MovableClock::wall() const {
  const std::lock_guard lock(guard_);
  return wall_;
}

void MovableClock::advance(Milliseconds span) {
  const std::lock_guard lock(guard_);
  steady_ += span;
  wall_ += span;
}

std::vector<Envelope> Fake::jobs() const {
  const std::lock_guard lock(guard_);
  return jobs_;
}

void Fake::clear() {
  const std::lock_guard lock(guard_);
  jobs_.clear();
  waiting_.clear();
}

void Fake::fail_next(std::string why) {
  const std::lock_guard lock(guard_);
  planted_ = std::move(why);
}

broker::PushResult Fake::take(const Parcel& parcel, Milliseconds) {
  const std::lock_guard lock(guard_);
  if (auto planted = std::exchange(planted_, std::nullopt))
    return {broker::PushState::refused, *planted};
  for (const auto& body : parcel.bodies) {
    auto job = Envelope::decode(body).value();
    const auto key = job.unique_key();
    const auto holds = [&](const Envelope& other) { return other.unique_key() == key; };
    if (!key.empty() && (key == held_key_ || std::any_of(waiting_.begin(), waiting_.end(), holds)))
      return {broker::PushState::duplicate, "a job with this unique key is alive"};
    jobs_.push_back(job);
    waiting_.push_back(std::move(job));
  }
  return {broker::PushState::confirmed, {}};
}

std::optional<Envelope> Fake::take_due() {
  const auto now = clock_.wall();
  const std::lock_guard lock(guard_);
  const auto place = [&](const Envelope& job) {
    const bool waits = job.run_at && *job.run_at > now;
    return std::tuple(waits, job.queue != pulls, job.priority.level);
  };
  const auto best =
      std::min_element(waiting_.begin(), waiting_.end(),
                       [&](const Envelope& a, const Envelope& b) { return place(a) < place(b); });
  if (best == waiting_.end() || std::get<0>(place(*best))) return {};
  auto job = std::move(*best);
  waiting_.erase(best);
  held_key_ = job.unique_key();
  return job;
}

Fake::Drained Fake::drain() {
  Drained drained;
  while (const auto job = take_due()) {
    std::optional<Envelope> successor;
    const auto settled = performer_.settle(*job, {}, successor);
    ++(settled == Performer::Settled::done ? drained.succeeded : drained.failed);
    const std::lock_guard lock(guard_);
    held_key_.clear();
    if (successor) waiting_.push_back(std::move(*successor));
  }
  return drained;
}

}  // namespace daemonz::offline_tasks
