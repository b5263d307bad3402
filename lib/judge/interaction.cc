#include "judge/interaction.h"

#include <algorithm>

namespace daemonz::judge {
namespace {

bool has_accepted(const sandbox::Result& result) {
  return result.verdict == sandbox::Verdict::RE && result.exit_code == exit_accepted;
}

}  // namespace

Milliseconds interaction_wall_limit(Milliseconds cpu_limit, Milliseconds validation_time) {
  const auto own = wall_limit(cpu_limit);
  return own + std::min(own, validation_time);
}

Decider decider(const Validation& validation, const sandbox::Result& validator,
                const sandbox::Result& submission) {
  using sandbox::Verdict::CANCELLED, sandbox::Verdict::OK, sandbox::Verdict::XX;
  // First: the box of one that could not be begun ends the other.
  if (submission.verdict == XX && validator.verdict == CANCELLED) return Decider::submission;
  if (validation.is_cancelled) return Decider::cancelled;
  if (validation.verdict == Verdict::judge_error) return Decider::validator;
  if (submission.verdict == XX) return Decider::submission;
  if (validation.verdict == Verdict::wrong_answer && validator.ended <= submission.ended)
    return Decider::validator;
  if (submission.verdict == CANCELLED) return Decider::cancelled;
  return submission.verdict == OK ? Decider::validator : Decider::submission;
}

Interaction interact(const Validator& validator, const Limits& limits, CaseFiles& files,
                     const sandbox::Program& submission, sandbox::Slot& slot) {
  auto program = validator.program(limits, files);
  const auto errors = memory_file("validator stderr");
  program.stderr_fd = errors.get();
  program.limits.stdout_max = std::max(limits.validation_output, interaction_output_min);
  // It may wait as long as the submission may, and has its own time after that.
  program.limits.wall = submission.limits.wall + wall_limit(limits.validation_time);
  // Once the validator does not accept there is nothing that the submission could change.
  auto pair = slot.run_pair(program, submission,
                            [](const sandbox::Result& end) { return !has_accepted(end); });
  Interaction interaction;
  interaction.validation = validator.read(pair.leader, errors.get(), files);
  interaction.decider = decider(interaction.validation, pair.leader, pair.follower);
  interaction.submission = std::move(pair.follower);
  return interaction;
}

}  // namespace daemonz::judge
