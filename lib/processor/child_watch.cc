#include "processor/child_watch.h"

#include <poll.h>

#include "process/identity.h"

namespace daemonz::processor {
namespace {

constexpr Milliseconds tick{50};               // how exactly limits, cancels and stops are noticed
constexpr Milliseconds measure_interval{250};  // of its memory: a look at every process here
constexpr Milliseconds lost_grace{1'000};      // the job may run elsewhere already
constexpr Milliseconds drain_time{200};        // for output on its way when all have ended

}  // namespace

void ChildWatch::serve(Milliseconds wait) {
  std::vector<pollfd> sources = {{end_ ? -1 : child_.fd(), POLLIN, 0}};
  for (const auto& each : listeners_) sources.push_back({each.fd, each.events, 0});
  if (::poll(sources.data(), sources.size(), static_cast<int>(wait.count())) <= 0) return;
  std::size_t at = 0;
  std::erase_if(listeners_, [&](const Listener& each) {
    return sources[++at].revents != 0 && !each.on_ready();
  });
  if (sources[0].revents != 0) end_ = child_.take_end();
}

bool ChildWatch::is_too_large() const {
  auto tree = child_.tree();
  tree.token.clear();  // by descent and session: cheap enough to be asked often
  std::uint64_t resident = 0;
  for (const auto& each : process::processes_of(tree))
    if (const auto stat = process::stat_of(each.pid)) resident += stat->resident_bytes;
  return Bytes(resident) > work_.memory_max;
}

std::string ChildWatch::reason_to_kill(SteadyTime now) {
  if (work_.is_handing_back()) throw HandedBack("the processor leaves, its child was killed");
  if (!lost_at_ && work_.is_lost()) lost_at_ = now;
  const bool must_stop =
      lost_at_ || now >= work_.deadline || (options_.is_told_of_stop && work_.is_stopping());
  if (must_stop && !is_asked_) {
    is_asked_ = true;
    options_.ask_to_stop(child_);
  }
  if (lost_at_ && now >= *lost_at_ + lost_grace) return "the lease was lost";
  if (now >= work_.deadline + work_.hard_grace)
    return "went on beyond its time limit of " + daemonz::to_string(work_.parts.job.timeout);
  if (work_.memory_max.count > 0 && now - measured_at_ >= measure_interval) {
    measured_at_ = now;
    if (is_too_large()) return "used more than its " + daemonz::to_string(work_.memory_max);
  }
  return {};
}

ChildWatch::End ChildWatch::wait() {
  std::string why;
  while (!end_ && why.empty()) {
    serve(tick);
    if (!end_) why = reason_to_kill(real_clock().steady());
  }
  // Also what it left behind: a job is over when all its processes are.
  if (!child_.kill())
    throw Error(ErrorText{.what = "a process of the job cannot be killed",
                          .where = "job " + work_.parts.job.id,
                          .hint = "It waits in the kernel: look at its disk or network mount"});
  const auto drained = real_clock().steady() + drain_time;
  while ((!end_ || !listeners_.empty()) && real_clock().steady() < drained) serve(drain_time);
  return {end_.value_or(process::WarmEnd{}), why};
}

}  // namespace daemonz::processor
