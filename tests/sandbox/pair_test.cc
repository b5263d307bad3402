// Two programs that talk to each other through two real keepers: who sees what end, and when.
#include <signal.h>

#include <doctest/doctest.h>

#include <thread>

#include "slot_fixture.h"

using namespace daemonz;
using namespace daemonz::sandbox;
using tests::SlotFixture;

namespace {

struct PairFixture : SlotFixture {
  /// Both write to `errors` what they have to say to the test.
  PairResult run_pair(const std::string& leader, const std::string& follower,
                      const std::function<bool(const Result&)>& is_over = never) {
    return run_pair(shell(leader), shell(follower), is_over);
  }
  PairResult run_pair(const Program& leader, const Program& follower,
                      const std::function<bool(const Result&)>& is_over = never) {
    return slot->run_pair(leader, follower, is_over);
  }
  static bool never(const Result&) { return false; }
};

}  // namespace

TEST_CASE_FIXTURE(PairFixture,
                  "sandbox: two programs answer each other, each with its own result") {
  const auto pair =
      run_pair("for i in 1 2 3; do echo $i; read answer; echo $answer >&2; done; exit 42",
               "while read number; do echo $((number * 7)); done");
  CHECK(pair.leader.exit_code == 42);
  CHECK(pair.follower.verdict == Verdict::OK);
  CHECK(text_of(errors) == "7\n14\n21\n");
  CHECK(pair.leader.stdout_bytes == 6);
  CHECK(pair.follower.stdout_bytes == 8);
  CHECK(pair.leader.ended <= pair.follower.ended);
  CHECK(keepers().size() == 2);
  CHECK(run(shell("true")).verdict == Verdict::OK);
  CHECK(run_pair("exit 1", "exit 2").follower.exit_code == 2);
  CHECK(keepers().size() == 2);  // the same ones
}

TEST_CASE_FIXTURE(PairFixture, "sandbox: whoever ends first is seen to end first, every time") {
  const std::string waits = "read line; exit 5";  // until the end of its input
  for (int i = 0; i < 20; ++i) {
    const auto leads = run_pair("exit 43", waits);
    CHECK(leads.leader.ended < leads.follower.ended);
    CHECK(leads.follower.exit_code == 5);
    const auto follows = run_pair(waits, "exit 1");
    CHECK(follows.follower.ended < follows.leader.ended);
  }
}

TEST_CASE_FIXTURE(PairFixture,
                  "sandbox: who closes its stdout and goes on is heard to have ended") {
  const auto pair = run_pair("cat >&2; exit 42", "echo all; exec >&-; while :; do :; done");
  CHECK(pair.leader.exit_code == 42);
  CHECK(text_of(errors) == "all\n");
  CHECK(pair.follower.verdict == Verdict::TLE_CPU);
  CHECK(pair.leader.ended < pair.follower.ended);
}

TEST_CASE_FIXTURE(PairFixture,
                  "sandbox: nobody is killed or held up by a partner that hears nothing") {
  const std::string writes = "head -c 3000000 /dev/zero && echo done >&2; exit 42";
  for (const char* deaf : {"exit 0", "exec <&-; sleep 1", "sleep 0.3"}) {
    auto leader = shell(writes);
    leader.limits.stdout_max = mebibytes(4);
    CAPTURE(deaf);
    const auto pair = run_pair(leader, shell(deaf));
    CHECK(pair.leader.exit_code == 42);
    CHECK(pair.leader.stdout_bytes == 3'000'000);
    CHECK(pair.follower.verdict == Verdict::OK);
    // Who only does not listen has it waiting for him; who has closed his ears has not.
    if (std::string_view(deaf).starts_with("exec")) CHECK(pair.leader.ended < pair.follower.ended);
  }
  CHECK(text_of(errors) == "done\ndone\ndone\n");
}

TEST_CASE_FIXTURE(PairFixture, "sandbox: what was written before the end waits for a slow reader") {
  auto writer = shell("head -c 2000000 /dev/zero");
  writer.limits.stdout_max = mebibytes(4);
  writer.output_patience = Seconds(10);
  const auto pair = run_pair(shell("sleep 1.5; wc -c >&2; exit 42"), writer);
  CHECK(pair.leader.exit_code == 42);
  CHECK(text_of(errors) == "2000000\n");
  CHECK_FALSE(pair.follower.is_stdout_cut);
}

TEST_CASE_FIXTURE(PairFixture, "sandbox: each side's limits hold, a flood's too") {
  const auto flooded = run_pair("read line; exit 42", "yes");
  CHECK(flooded.follower.verdict == Verdict::OLE);
  CHECK(flooded.leader.exit_code == 42);
  auto waiting = shell("read line");
  waiting.limits.wall = Milliseconds(300);
  const auto waited = run_pair(shell("read line; exit 42"), waiting);
  CHECK(waited.follower.verdict == Verdict::TLE_WALL);
  CHECK(waited.follower.is_idle);
  CHECK(waited.leader.exit_code == 42);
  const auto pair = run_pair("yes", "exit 0");
  CHECK(pair.leader.verdict == Verdict::OLE);
  CHECK(pair.follower.verdict == Verdict::OK);
}

TEST_CASE_FIXTURE(PairFixture, "sandbox: a leader's end may be the follower's too") {
  const auto pair = run_pair("exit 43", "while :; do :; done",
                             [](const Result& leader) { return leader.exit_code == 43; });
  CHECK(pair.leader.exit_code == 43);
  CHECK(pair.follower.verdict == Verdict::CANCELLED);
  CHECK(pair.leader.ended < pair.follower.ended);
}

TEST_CASE_FIXTURE(PairFixture, "sandbox: cancel ends both of a pair") {
  PairResult pair;
  std::thread runner([&] { pair = run_pair("echo go >&2; sleep 9", "echo go >&2; sleep 9"); });
  while (text_of(errors) != "go\ngo\n") std::this_thread::yield();
  slot->cancel();
  runner.join();
  CHECK(pair.leader.verdict == Verdict::CANCELLED);
  CHECK(pair.follower.verdict == Verdict::CANCELLED);
  CHECK(run_pair("exit 1", "exit 2").leader.exit_code == 1);
}

TEST_CASE_FIXTURE(PairFixture, "sandbox: a keeper that dies ends the pair, the next has new ones") {
  REQUIRE(run_pair("true", "true").leader.verdict == Verdict::OK);
  const auto both = keepers();
  REQUIRE(both.size() == 2);
  for (const auto victim : both) {
    REQUIRE(::ftruncate(errors.get(), 0) == 0);
    PairResult pair;
    std::thread runner([&] { pair = run_pair("echo go >&2; cat", "echo go >&2; cat"); });
    while (text_of(errors).find("go\ngo\n") == std::string::npos) std::this_thread::yield();
    ::kill(victim, SIGKILL);
    runner.join();
    const bool is_leader = victim == both[1];
    CHECK((is_leader ? pair.leader : pair.follower).stage == "keeper");
    CHECK((is_leader ? pair.follower : pair.leader).verdict == Verdict::OK);  // end of file
    CHECK(run_pair("exit 1", "exit 2").follower.exit_code == 2);
  }
}

TEST_CASE_FIXTURE(PairFixture, "sandbox: a program that cannot be begun ends the other") {
  auto bad = shell("true");
  bad.files.push_back({.name = "x", .host_path = folder / "absent"});
  const auto first = run_pair(bad, shell("cat"));
  CHECK(first.leader.stage == "file x");
  CHECK(first.follower.verdict == Verdict::XX);
  const auto second = run_pair(shell("cat"), bad);
  CHECK(second.leader.verdict == Verdict::CANCELLED);
  CHECK(second.follower.stage == "file x");
}

TEST_CASE_FIXTURE(PairFixture, "sandbox: a whole folder is collected, and goes into the next box") {
  auto writes = shell(
      "mkdir -p f/deep; echo a > f/one; echo b > f/deep/two; ln -s /etc/passwd f/link; mkfifo f/p");
  writes.collect = {"f/"};
  auto result = run(writes);
  REQUIRE(result.collected.size() == 2);
  CHECK(result.collected[0].name == "f/deep/two");
  CHECK(result.collected[1].name == "f/one");
  auto reads = shell("echo c >> f/one; cat f/one f/deep/two");
  for (auto& file : result.collected)
    reads.files.push_back({.name = file.name, .fd = std::move(file.fd)});
  CHECK(run(reads).verdict == Verdict::OK);
  CHECK(text_of(output) == "a\nc\nb\n");
  auto floods = shell("mkdir f; for i in $(seq 100); do : > f/$i; done");
  floods.collect = {"f/"};
  result = run(floods);
  CHECK(result.verdict == Verdict::XX);
  CHECK(result.stage == "too many files in f/");
  auto digs = shell("d=f; for i in $(seq 20); do d=$d/x; done; mkdir -p $d");
  digs.collect = {"f/", "absent/", "../", "/"};
  CHECK(run(digs).stage.starts_with("too deep: f/x/"));
}
