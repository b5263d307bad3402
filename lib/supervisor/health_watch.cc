#include "supervisor/health_watch.h"

namespace daemonz::supervisor {

HealthWatch::HealthWatch(Loop& loop, const config::Health& health,
                         std::function<process::Child()> start, std::function<void(int)> answered)
    : loop_(loop),
      interval_(health.interval),
      options_{.question = health.check, .time = health.check.timeout, .start = std::move(start)},
      answered_(std::move(answered)) {
  wait();
}

void HealthWatch::wait() {
  timer_ = loop_.at(real_clock().steady() + interval_, [this] {
    check_ = std::make_unique<Check>(loop_, options_, [this](bool is_yes) {
      failures_ = is_yes ? 0 : failures_ + 1;
      wait();
      const auto call = answered_;  // copied: the owner may end this object in the call
      call(failures_);
    });
  });
}

}  // namespace daemonz::supervisor
