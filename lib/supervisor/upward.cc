#include "supervisor/upward.h"

#include <ctime>

namespace daemonz::supervisor {
namespace {

constexpr Seconds stop_slack(10);  // beyond the instances' own stop timeouts

// What systemd compares RELOADING=1 with (sd_notify(3), Type=notify-reload).
std::string monotonic_usec() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(now.tv_sec * 1'000'000 + now.tv_nsec / 1000);
}

}  // namespace

Upward::Upward(Loop& loop) : loop_(loop) {
  if (notifier_.is_wanted() && notifier_.watchdog_interval()) keep_watchdog_quiet();
}

void Upward::keep_watchdog_quiet() {
  notifier_.watchdog();
  watchdog_ = loop_.at(real_clock().steady() + *notifier_.watchdog_interval() / 2,
                       [this] { keep_watchdog_quiet(); });
}

void Upward::ready() const { notifier_.ready(status_); }

void Upward::reloading() const {
  notifier_.send("RELOADING=1\nMONOTONIC_USEC=" + monotonic_usec());
}

void Upward::stopping(Milliseconds at_most) const {
  notifier_.send("STOPPING=1\nEXTEND_TIMEOUT_USEC=" +
                 std::to_string(Microseconds(at_most + stop_slack).count()));
}

void Upward::look_at(const std::vector<std::unique_ptr<Supervised>>& instances) {
  if (!is_wanted()) return;
  int wanted = 0, ready = 0;
  std::string others;
  for (const auto& one : instances) {
    const auto& instance = one->instance();
    if (!instance.is_wanted) continue;
    ++wanted;
    if (instance.is_ready)
      ++ready;
    else
      others += " " + one->planned().name + " " + std::string(name_of(instance.state));
  }
  auto text = std::to_string(ready) + " of " + std::to_string(wanted) + " ready" +
              (others.empty() ? "" : ":" + others);
  if (text == status_) return;
  status_ = std::move(text);
  notifier_.status(status_);
}

}  // namespace daemonz::supervisor
