#include "processor/attempt.h"

#include "processor/child_watch.h"
#include "processor/forked_task.h"
#include "processor/program_task.h"
#include "processor/throw_watch.h"

namespace daemonz::processor {

using offline_tasks::Context;
using offline_tasks::Outcome;

Attempt::Attempt(Workshop& workshop, const offline_tasks::Services* services, std::size_t lane,
                 const Reserved& reserved)
    : workshop_(workshop),
      services_(services),
      lane_(lane),
      reserved_(reserved),
      settings_(workshop.settings_of(reserved.job.task)),
      deadline_(real_clock().steady() + reserved.job.timeout) {}

Outcome Attempt::perform() {
  if (isolation() != Isolation::thread) return perform_in_child();
  const ThrowWatch watch;
  auto lent = parts();
  lent.where_thrown = [&](const void* thrown) { return watch.trace_of(thrown); };
  Context context(std::move(lent));
  return workshop_.registry.dispatch(context, workshop_.options.clock->wall());
}

Outcome Attempt::perform_in_child() {
  const auto lent = parts();
  const ChildWork work{.parts = lent,
                       .is_stopping = [this] { return workshop_.stop.is_stopping(); },
                       .is_lost = [this] { return workshop_.heartbeat.is_lost(reserved_.lease); },
                       .is_handing_back = [this] { return workshop_.stop.is_handing_back(); },
                       .deadline = deadline_,
                       .hard_grace = workshop_.options.overdue_grace,
                       .memory_max = settings_.memory_max};
  if (isolation() == Isolation::exec)
    return perform_by_program(*workshop_.warm, settings_.command, work);
  auto ended = perform_in_fork(*workshop_.warm, work, lane_);
  used_.database = used_.database || ended.used_database;
  return std::move(ended.outcome);
}

Context::Parts Attempt::parts() {
  const auto& job = reserved_.job;
  const auto token = reserved_.token;
  Context::Parts parts{.job = job, .token = token, .services = services_};
  parts.stop_requested = [this] {
    return workshop_.stop.is_stopping() || workshop_.heartbeat.is_lost(reserved_.lease) ||
           real_clock().steady() >= deadline_;
  };
  parts.check_lease = [this] { check_lease(); };
  if (workshop_.pool) parts.db = [this]() -> db::Connection& { return database(); };
  parts.report_progress = [this](const offline_tasks::Progress& progress) { report(progress); };
  if (workshop_.reports.has_database()) {
    parts.read_checkpoint = [this] {
      used_.checkpoint = true;
      return workshop_.reports.read_checkpoint(reserved_.job, reserved_.token);
    };
    parts.write_checkpoint = [this](const json::value& state) {
      used_.checkpoint = true;
      check_lease();
      if (is_in_transaction())  // over another connection it would wait for that for ever
        throw Error(ErrorText{.what = "a checkpoint inside of a transaction",
                              .where = "job " + reserved_.job.id,
                              .hint = "Write it before or behind the transaction"});
      workshop_.reports.write_checkpoint(reserved_.job, reserved_.token, state);
    };
  }
  parts.push = [this](const offline_tasks::Envelope& further) {
    check_lease();
    if (!is_in_transaction()) workshop_.reports.pushed(further);
    return workshop_.push(further);
  };
  return parts;
}

void Attempt::check_lease() {
  if (workshop_.heartbeat.confirm(reserved_.lease)) return;
  throw offline_tasks::Superseded(
      ErrorText{.what = "the lease was lost", .where = "job " + reserved_.job.id});
}

db::Connection& Attempt::database() {
  used_.database = true;
  if (!connection_)
    connection_.emplace(workshop_.pool->take());
  else if (!is_in_transaction())
    (*connection_)->verify();
  return **connection_;
}

void Attempt::report(const offline_tasks::Progress& progress) {
  constexpr Milliseconds interval{250};  // people look at it; more is load without a reader
  const auto now = real_clock().steady();
  if (now - progress_written_ < interval && progress.done != progress.total) return;
  progress_written_ = now;
  // Through another connection it would wait for the handler's own transaction.
  if (!is_in_transaction()) workshop_.reports.progress(reserved_.job, reserved_.token, progress);
}

}  // namespace daemonz::processor
