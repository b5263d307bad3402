#include "sandbox/verdict.h"

#include <csignal>

#include <doctest/doctest.h>

using namespace daemonz;
using namespace daemonz::sandbox;

namespace {

constexpr int exited(int code) { return code << 8; }  // a raw wait status, wait(2)

Failure failure_at(const char* stage, int error) {
  Failure failure;
  set_failure(failure, stage, error);
  return failure;
}

Result decided(const Observation& seen) {
  Result result;
  decide(seen, result);
  return result;
}

/// Everything that can be wrong at once; the rows of the table are taken away from the top.
Observation everything_wrong() {
  Observation seen;
  seen.failure = failure_at("mount /box", ENOSPC);
  seen.wait_status = SIGSEGV;
  seen.killed = KillReason::cancel;
  seen.oom_kills = 1;
  seen.is_stdout_over = true;
  seen.is_stderr_over = true;
  seen.cpu = seen.limits.cpu + Milliseconds(1);
  seen.wall = seen.limits.wall + Milliseconds(1);
  return seen;
}

}  // namespace

TEST_CASE("sandbox: of several verdicts the first of the table wins") {
  auto seen = everything_wrong();
  CHECK(decided(seen).verdict == Verdict::XX);
  CHECK(decided(seen).stage == "mount /box");
  CHECK(decided(seen).errno_value == ENOSPC);
  seen.failure.reset();
  seen.is_oom_foreign = true;
  CHECK(decided(seen).verdict == Verdict::XX);
  CHECK(decided(seen).stage == "memory outside of the run");
  CHECK(decided(seen).killed_by.empty());
  seen.is_oom_foreign = false;
  CHECK(decided(seen).verdict == Verdict::CANCELLED);
  CHECK(decided(seen).killed_by == "cancel");
  seen.killed = KillReason::none;
  CHECK(decided(seen).verdict == Verdict::MLE);
  seen.oom_kills = 0;
  CHECK(decided(seen).verdict == Verdict::OLE);
  CHECK(decided(seen).killed_by == "stdout");
  seen.is_stdout_over = false;
  CHECK(decided(seen).killed_by == "stderr");
  seen.is_stderr_over = false;
  CHECK(decided(seen).verdict == Verdict::TLE_CPU);
  seen.cpu = seen.limits.cpu;
  CHECK(decided(seen).verdict == Verdict::TLE_WALL);
  seen.wall = seen.limits.wall;
  CHECK(decided(seen).verdict == Verdict::SG);
  CHECK(decided(seen).signal == SIGSEGV);
  CHECK(decided(seen).killed_by.empty());
  seen.wait_status = exited(255);
  CHECK(decided(seen).verdict == Verdict::RE);
  CHECK(decided(seen).exit_code == 255);
  seen.wait_status = exited(0);
  CHECK(decided(seen).verdict == Verdict::OK);
  CHECK(decided(seen).exit_code == 0);
}

TEST_CASE("sandbox: a wait status that got lost is our failure, unless we had killed") {
  Observation seen;
  CHECK(decided(seen).verdict == Verdict::XX);
  seen.killed = KillReason::wall;
  seen.wait_status = SIGKILL;
  CHECK(decided(seen).verdict == Verdict::TLE_WALL);
  CHECK(decided(seen).signal == SIGKILL);
}

TEST_CASE("sandbox: an image that cannot be executed is RE:127 at stage exec") {
  Observation seen;
  seen.failure = failure_at(exec_stage, ENOEXEC);
  const auto result = decided(seen);
  CHECK(result.verdict == Verdict::RE);
  CHECK(result.exit_code == 127);
  CHECK(result.stage == "exec");
  CHECK(result.errno_value == ENOEXEC);
}

TEST_CASE("sandbox: a program that is too large for its memory limit to start is MLE") {
  Observation seen;
  seen.failure = failure_at(exec_stage, ENOMEM);
  CHECK(decided(seen).verdict == Verdict::MLE);
}

TEST_CASE("sandbox: memory runs out even if the program itself then ends well") {
  Observation seen;
  seen.wait_status = exited(0);
  seen.oom_kills = 1;
  CHECK(decided(seen).verdict == Verdict::MLE);
  CHECK(decided(seen).exit_code == 0);
}

TEST_CASE("sandbox: without cgroups the peak decides about memory, with them it does not") {
  Observation seen;
  seen.wait_status = exited(1);
  seen.memory_peak = seen.limits.memory.count;
  CHECK(decided(seen).verdict == Verdict::RE);
  seen.is_peak_decisive = true;
  CHECK(decided(seen).verdict == Verdict::MLE);
}

TEST_CASE("sandbox: signal 25 is an output limit, of a file") {
  Observation seen;
  seen.wait_status = SIGXFSZ;
  CHECK(decided(seen).verdict == Verdict::OLE);
  CHECK(decided(seen).killed_by == "file_size");
}

TEST_CASE("sandbox: who runs into the wall limit with under a tenth of it computed was idle") {
  Observation seen;
  seen.wait_status = SIGKILL;
  seen.killed = KillReason::wall;
  seen.wall = Milliseconds(3000);
  seen.cpu = Milliseconds(299);
  CHECK(decided(seen).is_idle);
  seen.cpu = Milliseconds(301);
  CHECK_FALSE(decided(seen).is_idle);
}
