#include "offline_tasks/context.h"

#include "base/utf8.h"
#include "job_table/fence.h"
#include "offline_tasks/push.h"
#include "offline_tasks/type_name.h"
#include "process/run.h"

namespace daemonz::offline_tasks {
namespace {

std::string name_of(const Envelope& job) { return "job " + job.id + " (" + job.task + ")"; }

[[noreturn]] void superseded(const Envelope& job) {
  throw Superseded(ErrorText{.what = "another delivery of this job is at work: its lease was lost",
                             .where = name_of(job)});
}

}  // namespace

Context::Context(Parts parts) : parts_(std::move(parts)) {}

bool Context::stop_requested() const { return parts_.stop_requested && parts_.stop_requested(); }

void Context::progress(std::int64_t done, std::int64_t total, std::string_view note) {
  if (parts_.report_progress)
    parts_.report_progress({done, total, to_utf8(note, progress_note_size_max)});
}

std::optional<json::value> Context::checkpoint() const {
  return parts_.read_checkpoint ? parts_.read_checkpoint() : own_checkpoint_;
}

void Context::checkpoint(const json::value& state) {
  if (parts_.write_checkpoint)
    parts_.write_checkpoint(state);
  else
    own_checkpoint_ = state;
}

db::Connection& Context::db() {
  if (!parts_.db)
    throw Error(ErrorText{.what = "the task wants a database, and none was given",
                          .where = name_of(parts_.job),
                          .hint = "Set `database:` in daemonz.yml or --database"});
  return parts_.db();
}

bool Context::transaction(std::string_view name, const std::function<void(db::Connection&)>& body) {
  if (!transactions_.emplace(name).second)
    throw Error(
        ErrorText{.what = "a second transaction with the name \"" + std::string(name) + "\"",
                  .where = name_of(parts_.job),
                  .hint = "Give each transaction of a task a name of its own: what has "
                          "happened once under a name does not happen again"});
  if (parts_.check_lease) parts_.check_lease();
  const auto token = static_cast<job_table::Token>(parts_.token.value);
  const auto key = parts_.job.id + "/" + std::string(name);
  bool is_committed_now = false;
  try {
    db().transaction([&](db::Connection& connection) {
      is_committed_now = false;  // the body may run again after a deadlock
      for (const auto& fence : {parts_.job.id, key}) {
        const auto state = job_table::enter_fence(connection, fence, token);
        if (state == job_table::Fence::lost) superseded(parts_.job);
        if (state == job_table::Fence::done) return;
      }
      body(connection);
      job_table::mark_done(connection, key, token);
      is_committed_now = true;
    });
  } catch (...) {
    transactions_.erase(transactions_.find(name));  // nothing happened: it may be tried again
    throw;
  }
  return is_committed_now;
}

RunResult Context::run(const std::vector<std::string>& argv, const RunLimits& limits) {
  auto ended = process::run({.argv = argv,
                             .time_limit = limits.time.value_or(parts_.job.timeout),
                             .output_max = limits.output_max,
                             .errors_max = limits.output_max});
  return {.output = std::move(ended.output),
          .errors = std::move(ended.errors),
          .exit_code = ended.status.exit_code,
          .is_timed_out = ended.is_timed_out};
}

JobId Context::push(const Envelope& job) {
  if (parts_.push) return parts_.push(job);
  return push_envelope(job).id();
}

void Context::log(std::string_view phrase, log::Fields fields) const {
  log::info(parts_.job.task, std::string(phrase) + " job=" + parts_.job.id, fields);
}

void Context::nothing_lent(const std::type_info& type) const {
  throw Error(
      ErrorText{.what = "the task wants a " + type_name(type) + ", and this processor lent none",
                .where = name_of(parts_.job),
                .hint = "Call services.lend(..) in the processor's main"});
}

}  // namespace daemonz::offline_tasks
