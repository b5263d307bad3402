#include "judge/validator.h"

#include <filesystem>

#include "base/error.h"

namespace daemonz::judge {
namespace {

// Where a validator finds things in its box. Folders of our own: its sources have other names.
const std::string input_name = "daemonz-case/case.in";
const std::string answer_name = "daemonz-case/case.ans";
const std::string feedback_folder = "daemonz-feedback/";
constexpr Bytes scratch_spare = mebibytes(16);  // the validator's own files beside the case's

std::vector<Entry> files_of(const std::filesystem::path& path, const Package& package) {
  if (std::filesystem::is_directory(path)) return list_files(path, package.root);
  return {{.name = path.filename().string(), .path = path, .is_folder = false}};
}

void add_file(sandbox::Program& program, std::string name, UniqueFd fd) {
  sandbox::BoxFile file;
  file.name = std::move(name);
  file.fd = std::move(fd);
  program.files.push_back(std::move(file));
}

Bytes size_of(const std::filesystem::path& path) {
  return Bytes(static_cast<std::uint64_t>(std::filesystem::file_size(path)));
}

sandbox::Program validator_run(const Package& package, const Case& test_case,
                               const Executable& executable) {
  sandbox::Program program;
  auto arguments = test_case.validator_flags;
  arguments.insert(arguments.begin(),
                   {"/box/" + input_name, "/box/" + answer_name, "/box/" + feedback_folder});
  prepare(program, executable, arguments);
  add_file(program, input_name, open_file(test_case.input));
  add_file(program, answer_name, open_file(test_case.answer));
  // An empty file makes the folder.
  add_file(program, feedback_folder + ".daemonz", memory_file("feedback"));
  program.collect = {feedback_folder + "judgemessage.txt"};

  const auto& limits = package.limits;
  const auto files = size_of(test_case.input) + size_of(test_case.answer) +
                     limits.validation_output + scratch_spare;
  program.limits = sandbox::Limits::for_profile(sandbox::Profile::run);
  program.limits.cpu = limits.validation_time;
  program.limits.wall = wall_limit(limits.validation_time);
  program.limits.memory = limits.validation_memory + files;  // the box's files count as memory
  program.limits.processes = limits.processes;
  program.limits.stdout_max = limits.validation_output;
  program.limits.stderr_max = limits.validation_output;
  program.limits.file_size = limits.validation_output;
  program.limits.scratch = files;
  return program;
}

std::string message_of(const sandbox::Result& result) {
  for (const auto& file : result.collected)
    if (file.fd.is_open()) return read_file(file.fd.get(), judge_message_max);
  return {};
}

/// Exit 42 and 43 are verdicts of the validator; all else is its failure, or ours.
Validation validation_of(const sandbox::Result& result, const std::string& name,
                         const std::string& stderr_text) {
  Validation validation{.verdict = Verdict::judge_error, .note = message_of(result)};
  if (result.verdict == sandbox::Verdict::CANCELLED) {
    validation.is_cancelled = true;
  } else if (result.verdict == sandbox::Verdict::RE && result.exit_code == exit_accepted) {
    validation.verdict = Verdict::accepted;
  } else if (result.verdict == sandbox::Verdict::RE && result.exit_code == exit_wrong) {
    validation.verdict = Verdict::wrong_answer;
    if (validation.note.empty()) validation.note = "validator " + name + " did not accept it";
  } else {
    auto how = std::string(sandbox::to_string(result.verdict));
    if (result.exit_code) how += " exit code " + std::to_string(*result.exit_code);
    if (result.signal) how += " signal " + std::to_string(*result.signal);
    if (!result.stage.empty()) how += " at " + result.stage;
    validation.note =
        "validator " + name + " failed (" + how + "): " + validation.note + stderr_text;
  }
  return validation;
}

}  // namespace

std::optional<ValidatorSet> ValidatorSet::compile(const Package& package, sandbox::Slot& slot) {
  const CompileLimits limits{.time = package.limits.compilation_time,
                             .memory = package.limits.compilation_memory,
                             .run_memory = package.limits.validation_memory};
  ValidatorSet set;
  for (const auto& path : package.validators) {
    auto compiled = compile_validator(files_of(path, package), limits, slot);
    if (compiled.state == CompileState::cancelled) return std::nullopt;
    set.validators_.push_back({.name = path.filename().string(), .compiled = std::move(compiled)});
  }
  return set;
}

Validation ValidatorSet::check(const Package& package, const Case& test_case, int output_fd,
                               sandbox::Slot& slot) const {
  Validation last;
  for (const auto& validator : validators_) {
    if (validator.compiled.state != CompileState::compiled)
      return {
          .verdict = Verdict::judge_error,
          .note = "validator " + validator.name + " does not compile: " + validator.compiled.text};
    auto program = validator_run(package, test_case, validator.compiled.executable);
    const auto output = reopen_for_reading(output_fd);
    const auto stderr_file = memory_file("validator stderr");
    program.stdin_fd = output.get();
    program.stderr_fd = stderr_file.get();
    const auto result = slot.run(program);
    last = validation_of(result, validator.name, read_file(stderr_file.get(), judge_message_max));
    if (last.is_cancelled || last.verdict != Verdict::accepted) return last;
  }
  return last;
}

}  // namespace daemonz::judge
