// An instance between two supervisors and between two configurations: what is taken over, what is
// left to the next one, what a new plan changes. Not its life: supervised.cc.
#include <unistd.h>

#include <ctime>

#include "base/error.h"
#include "base/log.h"
#include "supervisor/changes.h"
#include "supervisor/supervised.h"

namespace daemonz::supervisor {
namespace {

// The kernel's clock of start times is that of proc_pid_stat(5), field 22: ticks since the boot.
SteadyTime started_at(const process::Identity& identity) {
  timespec boot{};
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  const auto since_boot = Seconds(boot.tv_sec) + Microseconds(boot.tv_nsec / 1000);
  const auto ticks_per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  const auto start =
      Milliseconds(static_cast<std::int64_t>(identity.start_ticks * 1000 / ticks_per_second));
  return real_clock().steady() - std::max<Microseconds>(since_boot - start, Microseconds(0));
}

}  // namespace

bool Supervised::inherit(const RecordedInstance& past) {
  const bool is_the_same = past.fingerprint == fingerprint_of(planned_.config);
  if (past.has_exited_well) {
    if (!is_the_same) return false;
    has_ended_well_ = true;
    fingerprint_ = past.fingerprint;
    why_ = "exit code 0";
    mark_.leader = past.mark.leader;
    feed_(*this, Event::inherited_done);
    return true;
  }
  auto child = process::Child::inherit(past.mark.leader);
  if (!child) return false;
  child_ = std::move(child);
  mark_ = past.mark;
  is_inherited_ = true;
  has_found_main_ = true;
  fingerprint_ = past.fingerprint;
  launched_at_ = started_at(mark_.leader);
  instance_.restarts = past.restarts;
  if (past.log_path == planned_.config.log.path) output_.run_offset = past.log_begin;
  if (past.stderr_path == planned_.config.log.stderr_path) errors_.run_offset = past.stderr_begin;
  child_watch_ = surroundings_.loop.when_readable(child_->pidfd(), [this] { child_ended(); });
  feed_(*this, past.is_ready ? Event::inherited : Event::inherited_unready);
  if (!past.is_wanted) {
    feed_(*this, Event::stop);
  } else if (!is_the_same) {
    log::info("supervisor", "instance has another configuration by now", {{"name", planned_.name}});
    feed_(*this, Event::restart);
  }
  return true;
}

void Supervised::replan(PlannedInstance next, bool is_at_once) {
  next_.reset();
  if (is_at_once || is_settled_down())
    apply(std::move(next));
  else
    next_ = std::make_unique<PlannedInstance>(std::move(next));
}

void Supervised::apply(PlannedInstance next) {
  using Kind = config::Ready::Kind;
  const auto is_read = [](const auto& one) { return one.config.ready.kind == Kind::log; };
  const bool has_another_log = !(next.config.log == planned_.config.log) ||
                               next.name != planned_.name || is_read(next) != is_read(planned_);
  const auto log_before = planned_.config.log;
  planned_ = std::move(next);
  try {
    if (has_another_log) open_streams();
  } catch (const Error& problem) {
    log::error("supervisor", "output goes where it went before",
               {{"name", planned_.name}, {"why", problem.what()}});
    planned_.config.log = log_before;
  }
  was_up_ = false;  // what is watched begins anew
  watch_over();
}

std::optional<RecordedInstance> Supervised::recorded() const {
  const bool has_exited_well =
      is_settled_down() && instance_.state == State::exited && has_ended_well_;
  if (is_settled_down() && !has_exited_well) return {};
  return RecordedInstance{.name = planned_.name,
                          .daemon = planned_.daemon,
                          .index = planned_.index,
                          .mark = mark_,
                          .rank = planned_.rank,
                          .stop_signal = planned_.config.stop.signal,
                          .stop_timeout = planned_.config.stop.timeout,
                          .log_path = planned_.config.log.path,
                          .stderr_path = planned_.config.log.stderr_path,
                          .log_begin = output_.run_offset,
                          .stderr_begin = errors_.run_offset,
                          .is_wanted = instance_.is_wanted && !is_retired_,
                          .is_ready = instance_.is_ready,
                          .has_exited_well = has_exited_well,
                          .restarts = instance_.restarts,
                          .fingerprint = fingerprint_};
}

}  // namespace daemonz::supervisor
