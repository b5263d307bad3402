#include "judge/run_verdict.h"

#include <cstring>

#include "base/error.h"
#include "judge/files.h"

namespace daemonz::judge {

using daemonz::to_string;  // sizes and durations, beside that of Verdict

namespace {

constexpr std::size_t stderr_shown_max = 1'000;  // of a crashed program: first and last words

std::string last_words(int stderr_fd, Bytes size_max) {
  auto text = read_file(stderr_fd, size_max);
  if (text.empty()) return {};
  return "\n" + clipped(std::move(text), stderr_shown_max);
}

}  // namespace

Verdict run_verdict(const sandbox::Result& result) {
  switch (result.verdict) {
    case sandbox::Verdict::OK: return Verdict::accepted;
    case sandbox::Verdict::MLE: return Verdict::memory_limit_exceeded;
    case sandbox::Verdict::OLE: return Verdict::output_limit_exceeded;
    case sandbox::Verdict::TLE_CPU:
    case sandbox::Verdict::TLE_WALL: return Verdict::time_limit_exceeded;
    case sandbox::Verdict::SG:
    case sandbox::Verdict::RE: return Verdict::run_time_error;
    default: return Verdict::judge_error;
  }
}

std::string run_note(const sandbox::Result& result, const sandbox::Limits& limits, int stderr_fd) {
  switch (result.verdict) {
    case sandbox::Verdict::MLE: return "more than " + to_string(limits.memory);
    case sandbox::Verdict::OLE:
      return "more than " + to_string(limits.stdout_max) + " of output (" + result.killed_by + ")";
    case sandbox::Verdict::TLE_CPU: return "more than " + to_string(limits.cpu) + " of CPU time";
    case sandbox::Verdict::TLE_WALL:
      return "did not end within " + to_string(limits.wall) + (result.is_idle ? " (idle)" : "");
    case sandbox::Verdict::SG: {
      const char* name = ::sigabbrev_np(result.signal.value_or(0));
      return "signal " + std::to_string(result.signal.value_or(0)) +
             (name ? " (SIG" + std::string(name) + ")" : "") +
             last_words(stderr_fd, limits.stderr_max);
    }
    case sandbox::Verdict::RE:
      return "exit code " + std::to_string(result.exit_code.value_or(0)) +
             last_words(stderr_fd, limits.stderr_max);
    default: return "the box failed at " + result.stage + ": " + error_text(result.errno_value);
  }
}

}  // namespace daemonz::judge
