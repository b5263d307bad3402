#include "processor/reports.h"

#include "base/log.h"
#include "base/utf8.h"
#include "job_table/checkpoint.h"
#include "job_table/fence.h"
#include "offline_tasks/job_facts.h"

namespace daemonz::processor {
namespace {

using offline_tasks::Envelope;
using offline_tasks::facts_of;
using offline_tasks::Token;

[[noreturn]] void superseded(const Envelope& job) {
  throw offline_tasks::Superseded(
      ErrorText{.what = "the checkpoint belongs to another delivery: the lease was lost",
                .where = "job " + job.id + " (" + job.task + ")"});
}

int attempt_number(const Envelope& job) { return static_cast<int>(job.attempt) + 1; }

}  // namespace

bool Reports::is_tracked(const Envelope& job) const {
  return pool_ && job.track != offline_tasks::Track::none &&
         (job.track == offline_tasks::Track::all || job.attempt > 0);
}

Reports::Start Reports::started(const Envelope& job, Token token) {
  if (!pool_) return Start::go;
  const auto connection = pool_->take();
  if (!is_tracked(job)) {
    const auto fence = job_table::look_at_fence(*connection, job.id, table_token(token));
    if (fence == job_table::Fence::open) return Start::go;
    return fence == job_table::Fence::done ? Start::over : Start::lost;
  }
  job_table::Table table(*connection, clock_);
  if (table.record_started(facts_of(job), table_token(token), attempt_number(job), locked_by_))
    return Start::go;
  const auto row = table.find(job.id);
  const bool is_over =
      row && (row->state == job_table::State::done || row->state == job_table::State::cancelled);
  return is_over ? Start::over : Start::lost;
}

bool Reports::done(const Envelope& job, Token token, const json::value& result) {
  if (!is_tracked(job)) return true;
  const bool is_kept = job.keeps_result && !result.is_null();
  const auto text = is_kept ? json::serialize(result) : std::string();
  if (!is_utf8(text)) throw Error("it is not UTF-8, which JSON needs");
  const auto connection = pool_->take();
  return job_table::Table(*connection, clock_).record_done(job.id, table_token(token), text);
}

void Reports::fence_done(const Envelope& job, Token token) {
  if (!pool_ || is_tracked(job)) return;  // a row that says `done` serves as well
  const auto connection = pool_->take();
  connection->transaction([&](db::Connection& inside) {
    if (job_table::enter_fence(inside, job.id, table_token(token)) == job_table::Fence::open)
      job_table::mark_done(inside, job.id, table_token(token));
  });
}

void Reports::settled(const Envelope& job, Token token, const Settlement& settlement) {
  const bool is_dead = settlement.kind == Settlement::Kind::dead;
  const bool is_untracked = job.track == offline_tasks::Track::none && !is_dead;
  if (!pool_ || is_untracked || (settlement.is_dropped && !is_tracked(job))) return;
  try {
    const auto connection = pool_->take();
    job_table::Table table(*connection, clock_);
    if (settlement.kind == Settlement::Kind::retry)
      table.record_failed(facts_of(job), table_token(token), attempt_number(job),
                          settlement.error(), settlement.job.run_at.value_or(clock_.wall()));
    else if (settlement.kind == Settlement::Kind::later)
      table.record_put_off(job.id, table_token(token), settlement.why,
                           settlement.job.run_at.value_or(clock_.wall()));
    // Bytes without an envelope have no id by which the scheduler would find this row again: it
    // makes one itself when it moves them.
    else if (is_dead &&
             (settlement.queue || settlement.is_dropped || job.task != offline_tasks::raw_task))
      table.record_dead(facts_of(job), table_token(token), attempt_number(job), settlement.error(),
                        settlement.body);
  } catch (const Error& problem) {
    log::warn("processor", "cannot write to the job table",
              {{"job", job.id}, {"problem", problem.what()}});
  }
}

// What both of these write is for people to look at: a job does not fail because of it.
void Reports::progress(const Envelope& job, Token token, const offline_tasks::Progress& progress) {
  if (!is_tracked(job)) return;
  try {
    const auto connection = pool_->take();
    job_table::Table(*connection, clock_)
        .record_progress(
            job.id, table_token(token),
            json::serialize(json::object{
                {"done", progress.done}, {"total", progress.total}, {"note", progress.note}}));
  } catch (const Error& problem) {
    log::debug("processor", "progress dropped", {{"job", job.id}, {"problem", problem.what()}});
  }
}

void Reports::pushed(const Envelope& job) {
  if (!pool_ || job.track != offline_tasks::Track::all) return;
  try {
    const auto connection = pool_->take();
    job_table::Table(*connection, clock_).record_pushed(facts_of(job));
  } catch (const Error& problem) {
    log::warn("processor", "a pushed job is not in the job table until it starts",
              {{"job", job.id}, {"problem", problem.what()}});
  }
}

void Reports::not_pushed(const Envelope& job) {
  if (!pool_ || job.track != offline_tasks::Track::all) return;
  try {
    const auto connection = pool_->take();
    job_table::Table(*connection, clock_).forget_pushed(job.id);
  } catch (const Error& problem) {
    log::warn("processor", "the row of a refused job stays",
              {{"job", job.id}, {"problem", problem.what()}});
  }
}

std::optional<json::value> Reports::read_checkpoint(const Envelope& job, Token token) {
  if (!pool_) return std::nullopt;
  const auto connection = pool_->take();
  const auto found = job_table::claim_checkpoint(*connection, job.id, table_token(token));
  if (!found.is_ours) superseded(job);
  if (found.state.empty()) return std::nullopt;
  return json::parse(found.state, "the checkpoint of job " + job.id);
}

void Reports::write_checkpoint(const Envelope& job, Token token, const json::value& state) {
  if (!pool_) return;
  const auto connection = pool_->take();
  if (!job_table::write_checkpoint(*connection, job.id, table_token(token), json::serialize(state)))
    superseded(job);
}

void Reports::remove_checkpoint(const Envelope& job) {
  if (pool_) job_table::remove_checkpoint(*pool_->take(), job.id);
}

}  // namespace daemonz::processor
