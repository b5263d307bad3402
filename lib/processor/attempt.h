// One attempt at one job: its Context wired to this processor, and performed where the task's
// isolation says. Not what becomes of the outcome: processor/lane.h. Of this room only. Follows
// jobs.md, "Context" and "Isolation per task".
#pragma once

#include <optional>

#include "db/pool.h"
#include "offline_tasks/context.h"
#include "processor/processor.h"
#include "processor/workshop.h"

namespace daemonz::processor {

/// Threads: one.
class Attempt {
 public:
  /// What the handler did that its settling must know.
  struct Used {
    bool database = false, checkpoint = false;
  };

  /// `reserved` outlives it.
  Attempt(Workshop& workshop, const offline_tasks::Services* services, std::size_t lane,
          const Reserved& reserved);

  [[nodiscard]] SteadyTime deadline() const { return deadline_; }
  [[nodiscard]] Isolation isolation() const { return settings_.isolation; }
  /// Throws Superseded, HandedBack, and Error when no process can be had.
  [[nodiscard]] offline_tasks::Outcome perform();
  [[nodiscard]] const Used& used() const { return used_; }

 private:
  [[nodiscard]] offline_tasks::Context::Parts parts();
  [[nodiscard]] offline_tasks::Outcome perform_in_child();
  void check_lease();
  db::Connection& database();
  void report(const offline_tasks::Progress& progress);
  [[nodiscard]] bool is_in_transaction() const {
    return connection_ && (*connection_)->is_in_transaction();
  }

  Workshop& workshop_;
  const offline_tasks::Services* services_;
  const std::size_t lane_;
  const Reserved& reserved_;
  const TaskSettings& settings_;
  const SteadyTime deadline_;
  std::optional<db::Pool::Taken> connection_;
  SteadyTime progress_written_{};
  Used used_;
};

}  // namespace daemonz::processor
