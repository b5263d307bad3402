#include "judge/case_run.h"

#include <algorithm>
#include <utility>

#include "judge/compare.h"
#include "judge/files.h"
#include "judge/interaction.h"
#include "judge/run_verdict.h"

namespace daemonz::judge {
namespace {

constexpr Bytes scratch = mebibytes(64);  // /tmp of a judged program

/// One run of the submission, and what was said of it.
struct Pass {
  sandbox::Result run;
  Validation validation;  ///< of submission and validator together
};

class CaseRun {
 public:
  CaseRun(const Case& test_case, const CaseRunOptions& options, sandbox::Slot& slot)
      : case_(test_case),
        options_(options),
        slot_(slot),
        files_(CaseFiles::open(options.package, test_case)) {}

  /// nullopt: cancelled.
  std::optional<Pass> pass() { return is_interactive() ? interactive_pass() : plain_pass(); }

  void go_on_with(UniqueFd input) { files_.input = std::move(input); }

 private:
  bool is_interactive() const { return options_.package.is_interactive; }

  sandbox::Program request() const {
    const auto& limits = options_.package.limits;
    sandbox::Program program;
    prepare(program, options_.submission, case_.arguments);
    add_files(program);
    program.is_box_read_only = !options_.package.is_file_writing_allowed;
    program.limits = sandbox::Limits::for_profile(sandbox::Profile::run);
    program.limits.cpu = options_.time_limit;
    program.limits.wall = wall_limit(options_.time_limit);
    program.limits.memory = limits.memory;
    program.limits.processes = limits.processes;
    program.limits.stdout_max = limits.output;
    program.limits.stderr_max = limits.output;
    program.limits.file_size = scratch;
    program.limits.scratch = scratch;
    return program;
  }

  /// The case's own files, in place of the submission's where they have one name.
  void add_files(sandbox::Program& program) const {
    for (const auto& file : case_.files) {
      std::erase_if(program.files, [&](const auto& other) { return other.name == file.name; });
      sandbox::BoxFile added;
      added.name = file.name;
      added.fd = open_file(file.path);
      program.files.push_back(std::move(added));
    }
  }

  std::optional<Pass> plain_pass() {
    const auto output = memory_file("output");
    const auto errors = memory_file("stderr");
    auto program = request();
    program.stdin_fd = files_.input.get();
    program.stdout_fd = output.get();
    program.stderr_fd = errors.get();
    Pass pass{.run = slot_.run(program), .validation = {}};
    if (pass.run.verdict == sandbox::Verdict::CANCELLED) return std::nullopt;
    if (pass.run.verdict == sandbox::Verdict::OK) {
      pass.validation = validate(output.get());
      if (pass.validation.is_cancelled) return std::nullopt;
      if (pass.run.stdout_bytes == 0 && pass.validation.verdict == Verdict::wrong_answer)
        pass.validation.note = "no output";
    } else {
      pass.validation = {.verdict = run_verdict(pass.run),
                         .note = run_note(pass.run, program.limits, errors.get())};
    }
    return pass;
  }

  Validation validate(int output_fd) {
    if (options_.validators)
      return options_.validators->check(options_.package.limits, files_, output_fd, slot_);
    const auto rules = parse_compare_options(files_.flags, options_.package.numbers);
    const auto difference = compare(files_.answer.get(), output_fd, rules);
    if (!difference) return {.verdict = Verdict::accepted, .note = {}};
    return {.verdict = Verdict::wrong_answer, .note = *difference};
  }

  std::optional<Pass> interactive_pass() {
    const auto& limits = options_.package.limits;
    const auto& validator = options_.validators->first();
    if (auto fault = validator.fault()) return Pass{.run = {}, .validation = std::move(*fault)};
    const auto errors = memory_file("stderr");
    auto program = request();
    program.stderr_fd = errors.get();
    program.limits.wall = interaction_wall_limit(options_.time_limit, limits.validation_time);
    // What it has said before its end is the validator's to read for as long as that one runs.
    program.output_patience = program.limits.wall + wall_limit(limits.validation_time);
    auto interaction = interact(validator, limits, files_, program, slot_);
    if (interaction.decider == Decider::cancelled) return std::nullopt;
    Pass pass{.run = std::move(interaction.submission),
              .validation = std::move(interaction.validation)};
    if (interaction.decider == Decider::submission) {
      pass.validation = {.verdict = run_verdict(pass.run),
                         .note = run_note(pass.run, program.limits, errors.get())};
      if (pass.run.is_idle) pass.validation.note += ": is every line flushed that it has written?";
    } else if (pass.run.stdout_bytes == 0 && pass.validation.verdict == Verdict::wrong_answer) {
      pass.validation.note = "no output; " + pass.validation.note;
    }
    return pass;
  }

  const Case& case_;
  const CaseRunOptions& options_;
  sandbox::Slot& slot_;
  CaseFiles files_;
};

void add(CaseResult& sum, const sandbox::Result& pass) {
  sum.cpu = std::max(sum.cpu, pass.cpu);
  sum.wall = std::max(sum.wall, pass.wall);
  sum.peak_kib = std::max(sum.peak_kib, pass.peak_kib);
}

}  // namespace

std::optional<CaseOutcome> run_case(const Case& test_case, const CaseRunOptions& options,
                                    sandbox::Slot& slot) {
  CaseRun run(test_case, options, slot);
  CaseOutcome outcome{.result = {.name = test_case.name}, .note = {}};
  for (int pass = 1;; ++pass) {
    auto seen = run.pass();
    if (!seen) return std::nullopt;
    add(outcome.result, seen->run);
    outcome.result.verdict = seen->validation.verdict;
    outcome.note = (pass > 1 ? "pass " + std::to_string(pass) + ": " : "") + seen->validation.note;
    if (!seen->validation.next_input.is_open()) return outcome;
    if (pass == options.package.passes_max) {
      outcome.result.verdict = Verdict::judge_error;
      outcome.note = "the validator asks for more passes than validation_passes, which is " +
                     std::to_string(pass);
      return outcome;
    }
    if (options.is_stop_requested && options.is_stop_requested()) return std::nullopt;
    run.go_on_with(std::move(seen->validation.next_input));
  }
}

}  // namespace daemonz::judge
