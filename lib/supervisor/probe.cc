#include "supervisor/probe.h"

#include <algorithm>

namespace daemonz::supervisor {
namespace {

// A daemon that comes up quickly is seen quickly; a slow one is not bothered.
constexpr Milliseconds first_pause(5);
constexpr Milliseconds longest_pause(200);
constexpr Milliseconds attempt_time(2000);  // a host that swallows packets must not hold the probe
constexpr Milliseconds command_time(10'000);  // a script that asks a database takes its time

}  // namespace

Probe::Probe(Loop& loop, CheckOptions options, std::function<void()> succeeded)
    : loop_(loop),
      options_(std::move(options)),
      succeeded_(std::move(succeeded)),
      pause_(first_pause) {
  options_.time = options_.question.kind == config::Ready::Kind::exec ? command_time : attempt_time;
  ask();
}

void Probe::ask() {
  check_ = std::make_unique<Check>(loop_, options_, [this](bool is_yes) {
    if (is_yes) {
      const auto call = succeeded_;  // copied: the owner may end this object in the call
      return call();
    }
    timer_ = loop_.at(real_clock().steady() + pause_, [this] { ask(); });
    pause_ = std::min(pause_ * 2, longest_pause);
  });
}

}  // namespace daemonz::supervisor
