#include "judge/validator.h"

#include <sys/stat.h>

#include <filesystem>

#include "base/error.h"

namespace daemonz::judge {
namespace {

// Where a validator finds things in its box. Folders of our own: its sources have other names.
const std::string input_name = "daemonz-case/case.in";
const std::string answer_name = "daemonz-case/case.ans";
const std::string feedback_folder = "daemonz-feedback/";
const std::string feedback_marker = feedback_folder + ".daemonz";  // it makes the folder
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

Bytes size_of(const UniqueFd& fd) {
  struct stat found {};
  if (::fstat(fd.get(), &found) != 0) throw_errno("cannot see a file of the case");
  return Bytes(static_cast<std::uint64_t>(found.st_size));
}

std::string message_of(const std::vector<sandbox::CollectedFile>& feedback) {
  for (const auto& file : feedback)
    if (file.name == feedback_folder + "judgemessage.txt")
      return read_file(file.fd.get(), judge_message_max);
  return {};
}

std::string how_it_ended(const sandbox::Result& result) {
  auto how = std::string(sandbox::to_string(result.verdict));
  if (result.exit_code) how += " exit code " + std::to_string(*result.exit_code);
  if (result.signal) how += " signal " + std::to_string(*result.signal);
  if (!result.stage.empty()) how += " at " + result.stage;
  return how;
}

/// Not open: no further pass is asked for.
UniqueFd take_next_input(std::vector<sandbox::CollectedFile>& feedback) {
  UniqueFd next;
  std::erase_if(feedback, [&](sandbox::CollectedFile& file) {
    if (file.name != feedback_folder + "nextpass.in") return file.name == feedback_marker;
    next = std::move(file.fd);
    return true;
  });
  return next;
}

}  // namespace

CaseFiles CaseFiles::open(const Package& package, const Case& test_case) {
  CaseFiles files;
  files.input = open_file(test_case.input);
  files.answer = open_file(test_case.answer);
  files.flags = test_case.validator_flags;
  files.is_multi_pass = package.passes_max > 1;
  return files;
}

std::optional<Validation> Validator::fault() const {
  if (compiled.state == CompileState::compiled) return std::nullopt;
  return Validation{.verdict = Verdict::judge_error,
                    .note = "validator " + name + " does not compile: " + compiled.text};
}

sandbox::Program Validator::program(const Limits& limits, const CaseFiles& files) const {
  sandbox::Program program;
  auto arguments = files.flags;
  arguments.insert(arguments.begin(),
                   {"/box/" + input_name, "/box/" + answer_name, "/box/" + feedback_folder});
  prepare(program, compiled.executable, arguments);
  add_file(program, input_name, reopen_for_reading(files.input.get()));
  add_file(program, answer_name, reopen_for_reading(files.answer.get()));
  add_file(program, feedback_marker, memory_file("feedback"));
  auto size = size_of(files.input) + size_of(files.answer) + limits.validation_output;
  for (const auto& file : files.feedback) {
    add_file(program, file.name, reopen_for_reading(file.fd.get()));
    size += file.size;
  }
  size += scratch_spare;
  program.collect = {files.is_multi_pass ? feedback_folder : feedback_folder + "judgemessage.txt"};

  program.limits = sandbox::Limits::for_profile(sandbox::Profile::run);
  program.limits.cpu = limits.validation_time;
  program.limits.wall = wall_limit(limits.validation_time);
  program.limits.memory = limits.validation_memory + size;  // the box's files count as memory
  program.limits.processes = limits.processes;
  program.limits.stdout_max = limits.validation_output;
  program.limits.stderr_max = limits.validation_output;
  program.limits.file_size = limits.validation_output;
  program.limits.scratch = size;
  return program;
}

Validation Validator::read(sandbox::Result& result, int stderr_fd, CaseFiles& files) const {
  auto next_input = take_next_input(result.collected);
  Validation validation{.verdict = Verdict::judge_error, .note = message_of(result.collected)};
  const bool is_wrong = result.verdict == sandbox::Verdict::RE && result.exit_code == exit_wrong;
  if (result.verdict == sandbox::Verdict::CANCELLED) {
    validation.is_cancelled = true;
  } else if (result.verdict == sandbox::Verdict::RE && result.exit_code == exit_accepted) {
    validation.verdict = Verdict::accepted;
    validation.next_input = std::move(next_input);
  } else if (is_wrong && next_input.is_open()) {
    validation.note = "validator " + name + " asks for another pass, but does not accept this one";
  } else if (is_wrong) {
    validation.verdict = Verdict::wrong_answer;
    if (validation.note.empty()) validation.note = "validator " + name + " did not accept it";
  } else {
    validation.note = "validator " + name + " failed (" + how_it_ended(result) +
                      "): " + validation.note + read_file(stderr_fd, judge_message_max);
  }
  if (files.is_multi_pass) files.feedback = std::move(result.collected);
  return validation;
}

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

Validation ValidatorSet::check(const Limits& limits, CaseFiles& files, int output_fd,
                               sandbox::Slot& slot) const {
  Validation last;
  for (const auto& validator : validators_) {
    if (auto fault = validator.fault()) return std::move(*fault);
    auto program = validator.program(limits, files);
    const auto output = reopen_for_reading(output_fd);
    const auto errors = memory_file("validator stderr");
    program.stdin_fd = output.get();
    program.stderr_fd = errors.get();
    auto result = slot.run(program);
    last = validator.read(result, errors.get(), files);
    if (last.is_cancelled || last.verdict != Verdict::accepted) return last;
  }
  return last;
}

}  // namespace daemonz::judge
