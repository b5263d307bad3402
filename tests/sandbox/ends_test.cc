// Runs that lose their holder or are called off, at any moment: nothing of them lives on, and their
// slot is free.
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "process/launch.h"
#include "sandbox/slot_fixture.h"
#include "support/seed.h"

using namespace daemonz;
using namespace daemonz::sandbox;

namespace {

namespace fs = std::filesystem;

constexpr Seconds patience(20);  // on a busy machine; a quiet one needs milliseconds
constexpr std::uintmax_t large_size = 64 << 20;  // takes some milliseconds to place

SteadyTime from_now(Seconds time) { return std::chrono::steady_clock::now() + time; }

/// The processes below `pid`, parents first. Of those that end meanwhile some may be missing.
std::vector<pid_t> tree_below(pid_t pid) {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& thread :
       fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", ignored)) {
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) found.push_back(child);
  }
  for (std::size_t i = 0, own = found.size(); i < own; ++i)
    for (const auto one : tree_below(found[i])) found.push_back(one);
  return found;
}

/// Knows a process even when its number has been given to another.
struct Seen {
  pid_t pid;
  UniqueFd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U))};

  bool ends_before(SteadyTime deadline) const {
    if (!pidfd.is_open()) return true;  // it had ended before it could be looked at
    const auto left = std::chrono::duration_cast<Milliseconds>(deadline - real_clock().steady());
    pollfd wait{pidfd.get(), POLLIN, 0};
    return ::poll(&wait, 1, static_cast<int>(std::max(left, Milliseconds(0)).count())) == 1;
  }
};

/// A daemonz-run of a program that would not end by itself, in a slot of its own.
struct Holder {
  tests::TempDir folder;
  int slot = 400 + ::getpid() % 90;
  process::Child child = start();

  process::Child start() {
    fs::create_directory(folder / "config");
    std::ofstream(folder / "config/daemonz.yml") << "environment: test\n";
    std::ofstream(folder / "large") << "";
    fs::resize_file(folder / "large", large_size);
    process::LaunchOptions launch;
    launch.argv = {tests::program_path("daemonz-run"),
                   "--slot",
                   std::to_string(slot),
                   "--wall",
                   "60s",
                   "--scratch",
                   "128MiB",
                   "--file",
                   "large",
                   "--",
                   "sh",
                   "-c",
                   "sleep 60; true"};
    launch.working_folder = folder.path();
    const UniqueFd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    launch.stdout_fd = launch.stderr_fd = nowhere.get();
    return process::launch(launch);
  }
  std::vector<Seen> await_tree(std::size_t least) const {
    const auto deadline = from_now(patience);
    std::vector<pid_t> tree;
    while (tree.size() < least && real_clock().steady() < deadline) tree = tree_below(child.pid());
    REQUIRE(tree.size() >= least);
    std::vector<Seen> seen;
    for (const auto pid : tree) seen.push_back({pid});
    return seen;
  }
  void check_slot_is_free() const {
    const auto deadline = from_now(patience);
    std::unique_ptr<Slot> next;
    while (!next && real_clock().steady() < deadline) {
      try {
        next = Slot::open({.number = slot, .state_folder = folder / "tmp/daemonz"});
      } catch (const Error& refused) {
        REQUIRE_MESSAGE(refused.code() == EWOULDBLOCK, refused.what());
      }
    }
    REQUIRE(next);
    Program program;
    program.argv = {"true"};
    CHECK(next->run(program).verdict == Verdict::OK);
  }
};

}  // namespace

TEST_CASE("sandbox: whoever is killed, the holder or its keeper, takes the whole run along") {
  std::mt19937 random(tests::seed());
  for (int round = 0; round < 12; ++round) {
    Holder holder;
    // The keeper; its rehearsal or init, which may be filling the box; the program; its child.
    const auto least = std::uniform_int_distribution<std::size_t>(1, 4)(random);
    const bool is_keeper_killed = random() % 2 == 0;
    CAPTURE(least);
    CAPTURE(is_keeper_killed);
    const auto tree = holder.await_tree(least);
    ::kill(is_keeper_killed ? tree.front().pid : holder.child.pid(), SIGKILL);
    const auto deadline = from_now(patience);
    for (const auto& process : tree) CHECK(process.ends_before(deadline));
    ::kill(holder.child.pid(), SIGTERM);  // a keeper killed before the run began has a successor
    CHECK(holder.child.wait(deadline));
    holder.check_slot_is_free();
  }
}

/// A run whose box takes some time to fill, met when init is at it.
class SlowSetup : public tests::SlotFixture {
 public:
  SlowSetup() : program(shell("echo begun; sleep 60")) {
    std::ofstream(folder / "large") << "";
    fs::resize_file(folder / "large", large_size);
    program.limits.scratch = mebibytes(128);
    program.files.push_back({.name = "large", .host_path = folder / "large"});
  }

  void await_end_of_init() {  // it leaves while the answer is on its way
    for (const auto end = from_now(patience); !tree_below(keeper()).empty();)
      REQUIRE(real_clock().steady() < end);
  }

  /// Calls meddle(pid of init). nullopt: it came too late, the program was there already.
  template <class Meddle>
  std::optional<Result> meet(Meddle meddle) {
    await_end_of_init();
    const auto keeper_pid = keeper();
    Result result;
    std::thread runner([&] { result = run(program); });
    auto tree = tree_below(keeper_pid);
    for (const auto end = from_now(patience); tree.empty() && real_clock().steady() < end;)
      tree = tree_below(keeper_pid);
    if (!tree.empty()) meddle(tree.front());
    runner.join();
    REQUIRE_FALSE(tree.empty());
    if (tree.size() != 1) return {};
    return result;
  }

  Program program;
};

TEST_CASE_FIXTURE(SlowSetup, "sandbox: a run that is called off while it is set up") {
  std::optional<Result> result;
  for (const auto deadline = from_now(patience); !result;) {
    REQUIRE(real_clock().steady() < deadline);
    result = meet([&](pid_t) { slot->cancel(); });
  }
  CHECK(result->verdict == Verdict::CANCELLED);
  CHECK(result->killed_by == "cancel");
  CHECK(run(command({"true"})).verdict == Verdict::OK);
  await_end_of_init();
}

// It may have been in the middle of a change to the memory that it shares with the keeper.
TEST_CASE_FIXTURE(SlowSetup, "sandbox: init killed while it fills the box costs a keeper") {
  int hits = 0;
  for (const auto deadline = from_now(patience); hits < 3;) {
    REQUIRE(real_clock().steady() < deadline);
    const auto keeper_before = keeper();
    const auto result = meet([](pid_t init) { ::kill(init, SIGKILL); });
    REQUIRE(result);
    CHECK(result->verdict == Verdict::XX);
    CHECK(run(command({"true"})).verdict == Verdict::OK);
    // Killed before the keeper had written its maps, it had done nothing yet.
    CHECK((keeper() != keeper_before) == (result->stage == "keeper"));
    hits += result->stage == "keeper";
  }
}
