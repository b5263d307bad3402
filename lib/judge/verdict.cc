#include "judge/verdict.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace daemonz::judge {
namespace {

using enum Verdict;

constexpr std::array<std::pair<Verdict, const char*>, 9> names{{
    {accepted, "accepted"},
    {wrong_answer, "wrong_answer"},
    {time_limit_exceeded, "time_limit_exceeded"},
    {run_time_error, "run_time_error"},
    {memory_limit_exceeded, "memory_limit_exceeded"},
    {output_limit_exceeded, "output_limit_exceeded"},
    {compile_error, "compile_error"},
    {judge_error, "judge_error"},
    {skipped, "skipped"},
}};

struct Label {
  std::string_view name;  ///< lower case, '_'
  std::vector<Verdict> permits;
};

// A crash, whatever limit it ran into: teachers' labels are older than our finer verdicts.
const std::vector<Verdict> crashes{run_time_error, memory_limit_exceeded, output_limit_exceeded};

const std::vector<Label>& tag_labels() {
  static const std::vector<Label> table{
      {"accepted", {accepted}},
      {"correct", {accepted}},
      {"wrong_answer", {wrong_answer}},
      {"no_output", {wrong_answer}},
      {"timelimit", {time_limit_exceeded}},
      {"time_limit", {time_limit_exceeded}},
      {"time_limit_exceeded", {time_limit_exceeded}},
      {"run_error", crashes},
      {"run_time_error", crashes},
      {"runtime_error", crashes},
      {"memory_limit", {memory_limit_exceeded}},
      {"memory_limit_exceeded", {memory_limit_exceeded}},
      {"output_limit", {output_limit_exceeded}},
      {"output_limit_exceeded", {output_limit_exceeded}},
      {"compiler_error", {compile_error}},
      {"compile_error", {compile_error}},
      {"check_manually", {}},
  };
  return table;
}

const std::vector<Label>& folder_labels() {
  static const std::vector<Label> table{
      {"accepted", {accepted}},
      {"wrong_answer", {wrong_answer}},
      {"time_limit_exceeded", {time_limit_exceeded}},
      {"run_time_error", crashes},
      // Our own failures and skipped ones are no rejection.
      {"rejected",
       {wrong_answer, time_limit_exceeded, run_time_error, memory_limit_exceeded,
        output_limit_exceeded, compile_error}},
      // Right but wasteful: slow, or out of memory.
      {"brute_force",
       {time_limit_exceeded, run_time_error, memory_limit_exceeded, output_limit_exceeded}},
      {"compiler_error", {compile_error}},
      {"compile_error", {compile_error}},
      {"no_output", {wrong_answer}},
      {"output_limit", {output_limit_exceeded}},
      {"output_limit_exceeded", {output_limit_exceeded}},
      {"memory_limit_exceeded", {memory_limit_exceeded}},
  };
  return table;
}

std::optional<std::vector<Verdict>> look_up(const std::vector<Label>& table, std::string name) {
  std::ranges::transform(name, name.begin(), [](char byte) {
    if (byte == '-') return '_';
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
  });
  const auto found = std::ranges::find(table, name, &Label::name);
  if (found == table.end()) return std::nullopt;
  return found->permits;
}

}  // namespace

const char* to_string(Verdict verdict) {
  return std::ranges::find(names, verdict, &std::pair<Verdict, const char*>::first)->second;
}

std::optional<Verdict> parse_verdict(std::string_view name) {
  for (const auto& [verdict, text] : names)
    if (name == text) return verdict;
  return std::nullopt;
}

std::optional<std::vector<Verdict>> verdicts_of_label(std::string_view name) {
  return look_up(tag_labels(), std::string(name));
}

std::optional<std::vector<Verdict>> verdicts_of_folder(std::string_view name) {
  return look_up(folder_labels(), std::string(name));
}

}  // namespace daemonz::judge
