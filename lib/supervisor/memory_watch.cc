#include "supervisor/memory_watch.h"

namespace daemonz::supervisor {
namespace {

constexpr Milliseconds interval(1000);

Bytes used_by(const process::TreeMark& tree) {
  Bytes used(0);
  for (const auto& identity : process::processes_of(tree))
    if (const auto stat = process::stat_of(identity.pid)) used.count += stat->resident_bytes;
  return used;
}

}  // namespace

MemoryWatch::MemoryWatch(Loop& loop, const process::TreeMark& tree, Bytes limit,
                         std::function<void(Bytes)> exceeded)
    : loop_(loop), tree_(tree), limit_(limit), exceeded_(std::move(exceeded)) {
  wait();
}

void MemoryWatch::wait() {
  timer_ = loop_.at(real_clock().steady() + interval, [this] {
    wait();
    const auto used = used_by(tree_);
    if (used.count <= limit_.count) return;
    const auto call = exceeded_;  // copied: the owner may end this object in the call
    call(used);
  });
}

}  // namespace daemonz::supervisor
