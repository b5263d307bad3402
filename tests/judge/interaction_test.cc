// Interactive and multi-pass problems in the real sandbox. More hostile sides, with bounds on their
// wall time: tests/shown/sandbox/05_interactive_and_multi_pass.
#include "judge/interaction.h"

#include <signal.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "judge/judge.h"
#include "package_files.h"
#include "slot.h"

namespace daemonz {
namespace {

using doctest::Contains;
using judge::Decider;
using judge::Verdict;
using tests::PackageFiles;
using tests::slot;
using Run = sandbox::Verdict;

const std::string limits =
    "limits: {validation_time: 1, validation_memory: 128, memory: 64, output: 1}\n";

/// An interactive problem with one case: validator and submission as given.
PackageFiles& interactive(PackageFiles& files, std::string_view validator, const std::string& name,
                          std::string_view submission) {
  return files.write("problem.yaml", "validation: custom interactive\n" + limits)
      .with_case("secret/1", "the input\n", "the answer\n")
      .write("output_validators/v.py", validator)
      .write("submissions/any/" + name, submission);
}

PackageFiles& multi_pass(PackageFiles& files, std::string_view validator,
                         std::string_view submission) {
  return interactive(files, validator, "a.py", submission)
      .write("problem.yaml", "validation: custom multi-pass\n" + limits);
}

judge::Judgement judge_one(const PackageFiles& files, Milliseconds limit = Milliseconds(300)) {
  const auto package = files.read();
  const auto judgement =
      judge::Judge(slot()).judge(package, package.submissions.at(0), {.time_limit = limit});
  REQUIRE(judgement);
  return *judgement;
}

judge::Judgement judge_pair(std::string_view validator, std::string_view submission) {
  PackageFiles files;
  return judge_one(interactive(files, validator, "a.py", submission));
}

judge::Judgement judge_passes(std::string_view validator, std::string_view submission) {
  PackageFiles files;
  return judge_one(multi_pass(files, validator, submission));
}

/// Says 1, wants to hear 2.
const std::string asks =
    "import sys\nprint(1, flush=True)\nsys.exit(42 if sys.stdin.readline() == '2\\n' else 43)\n";
const std::string answers = "print(int(input()) + 1, flush=True)\n";

TEST_CASE("interaction: whose end decides, in the order of the rules") {
  const auto at = [](int ms) { return SteadyTime() + Milliseconds(ms); };
  const auto accepted = Verdict::accepted, wrong = Verdict::wrong_answer;
  const auto broken = Verdict::judge_error;
  const struct {
    const char* what;
    Verdict said;
    Run validator;
    Run submission;
    bool is_validator_first;
    Decider decider;
  } table[]{
      {"both well", accepted, Run::RE, Run::OK, false, Decider::validator},
      {"wrong, and first", wrong, Run::RE, Run::RE, true, Decider::validator},
      {"wrong, and first: it was ended for that", wrong, Run::RE, Run::CANCELLED, true,
       Decider::validator},
      {"wrong after a crash", wrong, Run::RE, Run::SG, false, Decider::submission},
      {"wrong after a time limit", wrong, Run::RE, Run::TLE_WALL, false, Decider::submission},
      {"wrong after a good end", wrong, Run::RE, Run::OK, false, Decider::validator},
      {"accepted, then a crash", accepted, Run::RE, Run::RE, true, Decider::submission},
      {"accepted, then too much output", accepted, Run::RE, Run::OLE, true, Decider::submission},
      {"validator failed, after a crash", broken, Run::SG, Run::RE, false, Decider::validator},
      {"validator failed, after a limit", broken, Run::RE, Run::TLE_CPU, false, Decider::validator},
      {"validator's box failed", broken, Run::XX, Run::CANCELLED, true, Decider::validator},
      {"submission's box failed", wrong, Run::RE, Run::XX, true, Decider::submission},
      {"submission's box did not begin", broken, Run::CANCELLED, Run::XX, true,
       Decider::submission},
      {"cancelled", broken, Run::CANCELLED, Run::CANCELLED, true, Decider::cancelled},
      {"cancelled after the validator's end", accepted, Run::RE, Run::CANCELLED, true,
       Decider::cancelled},
  };
  for (const auto& row : table) {
    CAPTURE(row.what);
    sandbox::Result validator, submission;
    validator.verdict = row.validator;
    validator.ended = at(row.is_validator_first ? 1 : 2);
    submission.verdict = row.submission;
    submission.ended = at(row.is_validator_first ? 2 : 1);
    judge::Validation validation;
    validation.verdict = row.said;
    validation.is_cancelled = row.validator == Run::CANCELLED;
    CHECK(judge::decider(validation, validator, submission) == row.decider);
  }
}

TEST_CASE("interaction: the two talk, and the submission does not see the input") {
  const auto judgement = judge_pair(
      "import sys\nprogram, given, answer, feedback, *flags = sys.argv\n"
      "assert open(given).read() == 'the input\\n' and open(answer).read() == 'the answer\\n'\n"
      "for n in range(100):\n    print(n, flush=True)\n"
      "    assert int(sys.stdin.readline()) == n * n\n"
      "print('end', flush=True)\nassert sys.stdin.read() == ''\nsys.exit(42)\n",
      "for line in iter(input, 'end'): print(int(line) ** 2, flush=True)\n");
  CAPTURE(judgement.note);
  CHECK(judgement.verdict == Verdict::accepted);
  REQUIRE(judgement.cases.size() == 1);
  CHECK(judgement.cases[0].peak_kib > 0);
}

TEST_CASE("interaction: the validator's words and what the submission died of are told") {
  auto judgement = judge_pair(
      "import sys\nopen(sys.argv[3] + 'judgemessage.txt', 'w').write('no greeting')\n"
      "sys.exit(43)\n",
      "input()\n");
  CHECK(judgement.verdict == Verdict::wrong_answer);  // and not input()'s failure
  CHECK(judgement.note == "secret/1: no output; no greeting");
  judgement = judge_pair(asks, "raise ValueError('by hand')\n");
  CHECK(judgement.verdict == Verdict::run_time_error);
  CHECK(doctest::String(judgement.note.c_str()) == Contains("by hand"));
  judgement = judge_pair("raise ValueError('by hand')\n", answers);
  CHECK(judgement.verdict == Verdict::judge_error);
  CHECK(doctest::String(judgement.note.c_str()) == Contains("by hand"));
  judgement = judge_pair("print(\n", answers);
  CHECK(judgement.verdict == Verdict::judge_error);
  CHECK(doctest::String(judgement.note.c_str()) == Contains("does not compile"));
}

TEST_CASE("interaction: two that wait for each other end, and the note says what is usual") {
  const auto before = real_clock().steady();
  const auto judgement = judge_pair("import sys\nsys.exit(42 if sys.stdin.readline() else 43)\n",
                                    "input()\nprint(1)\n");
  CHECK(judgement.verdict == Verdict::time_limit_exceeded);
  CHECK(doctest::String(judgement.note.c_str()) == Contains("(idle): is every line flushed"));
  CHECK(real_clock().steady() - before < Seconds(6));
}

TEST_CASE("interaction: the validator's work is not the submission's time") {
  PackageFiles files;
  interactive(files,
              "import sys, time\nbegin = time.process_time()\n"
              "while time.process_time() < begin + 0.4: pass\n"
              "print(1, flush=True)\nsys.exit(42 if sys.stdin.readline() == '2\\n' else 43)\n",
              "a.py", answers)
      .write("problem.yaml", "validation: custom interactive\nlimits: {validation_time: 10}\n");
  const auto judgement = judge_one(files, Milliseconds(300));
  CAPTURE(judgement.note);
  CHECK(judgement.verdict == Verdict::accepted);
  REQUIRE(judgement.cases.size() == 1);
  CHECK(judgement.cases[0].cpu < Milliseconds(300));
  CHECK(judgement.cases[0].wall >= Milliseconds(350));
}

/// Does `deed` again and again from the first case on, until the judging is over.
std::optional<judge::Judgement> judge_while(const judge::Package& package,
                                            const std::function<void()>& deed) {
  std::atomic<bool> is_begun = false, is_over = false;
  std::thread doer([&] {
    while (!is_over) {
      if (is_begun) deed();
      std::this_thread::yield();
    }
  });
  auto judgement = judge::Judge(slot()).judge(package, package.submissions.at(0),
                                              {.time_limit = Seconds(60), .is_stop_requested = [&] {
                                                 is_begun = true;
                                                 return false;
                                               }});
  is_over = true;
  doer.join();
  return judgement;
}

std::vector<pid_t> children_of(pid_t pid) {
  const auto name = std::to_string(pid);
  std::ifstream children("/proc/" + name + "/task/" + name + "/children");
  std::vector<pid_t> pids;
  for (pid_t one = 0; children >> one;) pids.push_back(one);
  return pids;
}

/// Init alone is no run: that of the last one may still be leaving.
bool has_program(pid_t keeper) {
  const auto inits = children_of(keeper);
  return std::ranges::any_of(inits, [](pid_t init) { return !children_of(init).empty(); });
}

TEST_CASE("interaction: cancelled, the judge has no result; the next judging is whole") {
  PackageFiles files;
  interactive(files, "import sys\nsys.stdin.read()\n", "a.py", "input()\n");
  CHECK_FALSE(judge_while(files.read(), [] { slot().cancel(); }));
  CHECK(judge_pair(asks, answers).verdict == Verdict::accepted);
}

TEST_CASE("interaction: a keeper that dies is a judge_error, and the next judging is whole") {
  PackageFiles files;
  interactive(files, "import sys\nsys.stdin.read()\nsys.exit(42)\n", "a.py", "input()\n");
  REQUIRE(judge_pair(asks, answers).verdict == Verdict::accepted);
  for (const std::size_t which : {0, 1}) {
    const auto keepers = children_of(::getpid());
    REQUIRE(keepers.size() == 2);
    const auto judgement = judge_while(files.read(), [&] {
      if (has_program(keepers[which])) ::kill(keepers[which], SIGKILL);
    });
    REQUIRE(judgement);
    CAPTURE(judgement->note);
    CHECK(judgement->verdict == Verdict::judge_error);
    CHECK(judge_pair(asks, answers).verdict == Verdict::accepted);
  }
}

TEST_CASE("passes: 42 and nextpass.in run it again with that input, and the folder stays") {
  const auto judgement = judge_passes(
      "import os, sys\nprogram, given, answer, feedback = sys.argv\n"
      "said = sys.stdin.read()\n"
      "with open(feedback + 'judgemessage.txt', 'a') as file: file.write(said)\n"
      "if not os.path.exists(feedback + 'deep/state'):\n"
      "    assert open(given).read() == 'the input\\n' and said == 'THE INPUT\\n'\n"
      "    os.mkdir(feedback + 'deep')\n"
      "    open(feedback + 'deep/state', 'w').write('one')\n"
      "    open(feedback + 'nextpass.in', 'w').write('second\\n')\n"
      "    sys.exit(42)\n"
      "assert open(feedback + 'deep/state').read() == 'one'\n"
      "assert not os.path.exists(feedback + 'nextpass.in')\n"
      "assert open(given).read() == 'second\\n' and open(answer).read() == 'the answer\\n'\n"
      "assert said == 'SECOND\\n'\nsys.exit(43)\n",
      "print(input().upper())\n");
  CHECK(judgement.verdict == Verdict::wrong_answer);
  CHECK(judgement.note == "secret/1: pass 2: THE INPUT\nSECOND");
}

TEST_CASE("passes: each has the whole time limit, and the case has that of the slowest") {
  const auto judgement = judge_passes(
      "import os, sys\nnext = sys.argv[3] + 'nextpass.in'\nstate = sys.argv[3] + 'state'\n"
      "if not os.path.exists(state):\n    open(state, 'w')\n    open(next, 'w').write('x')\n"
      "sys.exit(42)\n",
      "import time\nwhile time.process_time() < 0.2: pass\n");
  CAPTURE(judgement.note);
  CHECK(judgement.verdict == Verdict::accepted);
  CHECK(judgement.cases.at(0).cpu >= Milliseconds(150));
  CHECK(judgement.cases.at(0).cpu < Milliseconds(300));
}

TEST_CASE("passes: too many, or one that is asked for without accepting, is the package's fault") {
  auto judgement = judge_passes(
      "import sys\nopen(sys.argv[3] + 'nextpass.in', 'w').write('x')\nsys.exit(42)\n", "pass\n");
  CHECK(judgement.verdict == Verdict::judge_error);
  CHECK(doctest::String(judgement.note.c_str()) == Contains("more passes than"));
  judgement = judge_passes(
      "import sys\nopen(sys.argv[3] + 'nextpass.in', 'w').write('x')\nsys.exit(43)\n", "pass\n");
  CHECK(judgement.verdict == Verdict::judge_error);
  CHECK(doctest::String(judgement.note.c_str()) == Contains("does not accept this one"));
  PackageFiles files;  // not a multi-pass problem: a file like others
  judgement = judge_one(
      multi_pass(files, "import sys\nopen(sys.argv[3] + 'nextpass.in', 'w')\nsys.exit(42)\n",
                 "pass\n")
          .write("problem.yaml", "validation: custom\n"));
  CHECK(judgement.verdict == Verdict::accepted);
}

TEST_CASE("passes: interactive ones too") {
  PackageFiles files;
  multi_pass(files,
             "import os, sys\nfeedback = sys.argv[3]\nmine = open(sys.argv[1]).read()\n"
             "print(len(mine), flush=True)\n"
             "if sys.stdin.readline() != '%d\\n' % -len(mine): sys.exit(43)\n"
             "if len(mine) < 13: open(feedback + 'nextpass.in', 'w').write(mine + '!')\n"
             "sys.exit(42)\n",
             "print(-int(input()))\n")
      .write("problem.yaml",
             "validation: custom interactive multi-pass\n"
             "limits: {validation_passes: 4, validation_time: 1}\n");
  CHECK(files.read().passes_max == 4);
  CHECK(judge_one(files).verdict == Verdict::accepted);  // 10 to 13: exactly four
  files.write("data/secret/1.in", "short\n");
  CHECK(judge_one(files).verdict == Verdict::judge_error);
}

}  // namespace
}  // namespace daemonz
