#include "supervisor/recorder.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"

namespace daemonz::supervisor {
namespace {

constexpr Milliseconds pause(50);  // at most so long an end or a readiness is not in the file

}  // namespace

Recorder::Facts Recorder::facts() const {
  Facts all;
  for (const auto& instance : fleet_) {
    const auto& it = instance->instance();
    if (instance->is_settled_down() && it.state != State::exited) continue;
    all.emplace_back(instance->mark().leader.pid,
                     (it.is_wanted ? 1 : 0) + (it.is_ready ? 2 : 0) + (it.has_child ? 4 : 0));
  }
  return all;
}

void Recorder::look() {
  const auto now = facts();
  if (now == written_) return;
  auto known = written_.begin();  // both in the fleet's order
  for (const auto& [pid, flags] : now) {
    known = std::find_if(known, written_.end(), [&](const auto& one) { return one.first == pid; });
    if (known == written_.end()) return static_cast<void>(write());
  }
  if (std::exchange(is_due_, true)) return;
  timer_ = loop_.at(real_clock().steady() + pause, [this] { write(); });
}

void Recorder::catch_up() {
  if (facts() != written_) write();
}

bool Recorder::write() {
  is_due_ = false;
  timer_.cancel();
  try {
    write_state_file(path_, fleet_.recorded());
    written_ = facts();
    return true;
  } catch (const Error& problem) {
    log::warn("supervisor", "state not recorded", {{"why", problem.what()}});
    return false;
  }
}

}  // namespace daemonz::supervisor
