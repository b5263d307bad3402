#include "sandbox/verdict.h"

#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <string_view>

namespace daemonz::sandbox {
namespace {

constexpr int idle_share = 10;  // under a tenth of the wall time: it slept

bool is_exec_failure(const Observation& seen) {
  return seen.failure && std::string_view(seen.failure->stage) == exec_stage;
}

void give(Result& result, Verdict verdict, const char* killed_by = "") {
  result.verdict = verdict;
  result.killed_by = killed_by;
}

void fail(Result& result, const char* stage, int error) {
  give(result, Verdict::XX);
  result.stage = stage;
  result.errno_value = error;
}

void read_wait_status(const Observation& seen, Result& result) {
  if (is_exec_failure(seen)) {
    result.exit_code = exit_code_not_executed;
    result.stage = seen.failure->stage;
    result.errno_value = seen.failure->error;
  } else if (seen.wait_status && WIFSIGNALED(*seen.wait_status)) {
    result.signal = WTERMSIG(*seen.wait_status);
  } else if (seen.wait_status) {
    result.exit_code = WEXITSTATUS(*seen.wait_status);
  }
}

bool is_out_of_memory(const Observation& seen) {
  const bool is_too_large_to_start = is_exec_failure(seen) && seen.failure->error == ENOMEM;
  return seen.oom_kills > 0 || is_too_large_to_start || seen.killed == KillReason::memory ||
         (seen.is_peak_decisive && seen.memory_peak >= seen.limits.memory.count);
}

}  // namespace

void decide(const Observation& seen, Result& result) {
  read_wait_status(seen, result);
  const bool is_lost = !seen.wait_status && !is_exec_failure(seen);
  if (seen.failure && !is_exec_failure(seen))
    fail(result, seen.failure->stage, seen.failure->error);
  else if (seen.is_oom_foreign)
    fail(result, "memory outside of the run", ENOMEM);
  else if (seen.killed == KillReason::cancel)
    give(result, Verdict::CANCELLED, "cancel");
  else if (is_out_of_memory(seen))
    give(result, Verdict::MLE, "memory");
  else if (is_lost && seen.killed == KillReason::none)
    fail(result, "wait status", 0);
  else if (seen.is_stdout_over)
    give(result, Verdict::OLE, "stdout");
  else if (seen.is_stderr_over)
    give(result, Verdict::OLE, "stderr");
  else if (result.signal == SIGXFSZ)
    give(result, Verdict::OLE, "file_size");
  else if (seen.killed == KillReason::cpu || seen.cpu > seen.limits.cpu)
    give(result, Verdict::TLE_CPU, "cpu");
  else if (seen.killed == KillReason::wall || seen.wall > seen.limits.wall)
    give(result, Verdict::TLE_WALL, "wall");
  else if (result.signal)
    give(result, Verdict::SG);
  else
    give(result, result.exit_code == 0 ? Verdict::OK : Verdict::RE);
  result.is_idle = result.verdict == Verdict::TLE_WALL && seen.cpu * idle_share < seen.wall;
}

}  // namespace daemonz::sandbox
