// Control groups of this machine, in each mode that it lets us have: as root most often one of v2
// and v1, as an ordinary user without delegation neither. tests/shown/sandbox/04_limit_modes runs
// these cases in a machine with a pure v2 tree as well.
#include "sandbox/group.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>

#include <doctest/doctest.h>

#include "base/error.h"
#include "sandbox/run.h"
#include "support/seed.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::sandbox;

namespace {

namespace fs = std::filesystem;

/// The roots that can be had here; rlimit, which has no groups, is none of them.
std::vector<GroupRoot> roots() {
  std::vector<GroupRoot> found;
  for (const auto mode : {LimitMode::v2, LimitMode::v1}) {
    try {
      found.push_back(GroupRoot::find(mode));
    } catch (const Error&) {
      continue;  // what the refusal says is a test of its own
    }
  }
  return found;
}

/// Groups that a process of this pid has made, in all hierarchies.
std::vector<fs::path> groups_of(pid_t pid) {
  std::vector<fs::path> found;
  const auto prefix = std::string(group_name_prefix) + std::to_string(pid) + ".";
  std::error_code ignored;
  for (fs::recursive_directory_iterator it("/sys/fs/cgroup", ignored), end; it != end;
       it.increment(ignored))
    if (it->path().filename().string().starts_with(prefix)) found.push_back(it->path());
  return found;
}

void join(const RunGroup& group) {
  for (const int file : group.join_files())
    if (::write(file, "0", 1) != 1) ::_exit(1);
}

/// A child that has done `work` and then waits for its death, or has ended by itself.
template <class Work>
pid_t start_child(Work work) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const auto child = ::fork();
  if (child == 0) {
    work();
    if (::write(ends[1], "x", 1) != 1) ::_exit(1);
    ::close(ends[1]);
    for (;;) ::pause();
  }
  char done = 0;
  ::close(ends[1]);
  REQUIRE(::read(ends[0], &done, 1) == 1);
  ::close(ends[0]);
  return child;
}

void end_child(pid_t child) {
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

pid_t last_child() {
  const auto self = std::to_string(::getpid());
  std::ifstream children("/proc/self/task/" + self + "/children");
  pid_t last = -1;
  for (pid_t one = 0; children >> one;) last = one;
  return last;
}

const Limits small = {.memory = mebibytes(32)};

}  // namespace

TEST_CASE("sandbox: a run's group is gone when the run is") {
  for (auto& root : roots()) {
    CAPTURE(to_string(root.mode()));
    for (int i = 0; i < 200; ++i) {
      const auto group = root.create(small);
      end_child(start_child([&] { join(group); }));
    }
    { auto last = std::move(root); }  // what the kernel still held is removed by now
    CHECK(groups_of(::getpid()).empty());
  }
}

TEST_CASE("sandbox: a run's group that is still busy at its end is removed with the next") {
  for (auto& root : roots()) {
    CAPTURE(to_string(root.mode()));
    pid_t late = -1;
    {
      const auto group = root.create(small);
      late = start_child([&] { join(group); });
    }
    const auto held = groups_of(::getpid());
    CHECK(held.size() == (root.mode() == LimitMode::v1 ? 3 : 1));
    end_child(late);
    const auto next = root.create(small);
    for (const auto& folder : held) {
      const bool is_lent = fs::exists(folder / "cpuacct.usage") || fs::exists(folder / "pids.max");
      CHECK_FALSE((fs::exists(folder) && !(is_lent && root.mode() == LimitMode::v1)));
    }
  }
}

TEST_CASE("sandbox: a run's CPU time begins at nothing, whatever the run before it used") {
  for (auto& root : roots()) {
    CAPTURE(to_string(root.mode()));
    constexpr Microseconds spun = Milliseconds(100);
    {
      const auto group = root.create(small);
      end_child(start_child([&] {
        join(group);
        while (group.usage().cpu < spun) {
        }
      }));
      CHECK(group.usage().cpu >= spun);
    }
    const auto next = root.create(small);
    CHECK(next.usage().cpu < spun / 10);
  }
}

TEST_CASE("sandbox: a run's peak of processes is its own, whatever the run before it had") {
  for (auto& root : roots()) {
    CAPTURE(to_string(root.mode()));
    std::mt19937 random(tests::seed());
    for (int run = 0; run < 30; ++run) {
      const auto wanted = std::uniform_int_distribution<std::uint32_t>(1, 3)(random);
      CAPTURE(run);
      const auto group = root.create(small);
      std::vector<pid_t> members;
      for (std::uint32_t i = 0; i < wanted; ++i)
        members.push_back(start_child([&] { join(group); }));
      CHECK(group.usage().processes_peak == wanted);
      for (const auto member : members) end_child(member);
    }
  }
}

TEST_CASE("sandbox: a run's limit of processes is its own, too") {
  for (auto& root : roots()) {
    CAPTURE(to_string(root.mode()));
    for (const std::uint32_t processes : {5U, 5U, 1U, 1000U, 5U}) {
      const auto group = root.create({.processes = processes});
      std::vector<std::string> limits;
      for (const auto& folder : groups_of(::getpid()))
        if (std::ifstream file(folder / "pids.max"); file >> limits.emplace_back())
          CHECK(limits.back() == std::to_string(processes));
        else
          limits.pop_back();
      CHECK(limits.size() == 1);
    }
  }
}

TEST_CASE("sandbox: a run's group whose keeper was killed is removed by the next keeper") {
  for (auto& root : roots()) {
    CAPTURE(to_string(root.mode()));
    std::optional<RunGroup> made;
    const auto keeper = start_child([&] { made.emplace(root.create(small)); });
    const auto left = groups_of(keeper);
    REQUIRE_FALSE(left.empty());
    root.remove_stale();
    CHECK(groups_of(keeper).size() == left.size());  // it lives
    // One of an earlier process that had our number: it would be in the way of our own first one.
    for (const auto& folder : left)
      fs::create_directory(folder.parent_path() /
                           (std::string(group_name_prefix) + std::to_string(::getpid()) + ".1"));
    end_child(keeper);
    root.remove_stale();
    CHECK(groups_of(keeper).empty());
    CHECK(groups_of(::getpid()).empty());
    CHECK_NOTHROW((void)root.create(small));
  }
}

TEST_CASE("sandbox: a run's group is not left, whatever ends the run") {
  const char* const told = std::getenv("DAEMONZ_ROUNDS");
  const int rounds = told ? std::atoi(told) : 200;
  for (const auto& root : roots()) {
    CAPTURE(to_string(root.mode()));
    const tests::TempDir folder;
    pid_t keeper = -1;
    {
      const auto slot = Slot::open({.number = 1500 + ::getpid() % 400,
                                    .state_folder = folder / "state",
                                    .limit_mode = root.mode()});
      Program program;
      for (int i = 0; i < rounds; ++i) {
        // It ends by itself, with children left behind, or is ended.
        program.argv = {"sh", "-c", i % 4 == 0 ? "sh -c 'while :; do :; done' & :" : ":"};
        if (i % 20 == 19) program.argv[2] = "while :; do :; done";
        program.limits.wall = Milliseconds(i % 20 == 19 ? 20 : 3'000);
        const auto result = slot->run(program);
        REQUIRE(result.limits == to_string(root.mode()));
        REQUIRE(result.verdict == (i % 20 == 19 ? Verdict::TLE_WALL : Verdict::OK));
      }
      keeper = last_child();
      REQUIRE(keeper > 0);
      // That of the last run, if it is still busy, and the one that was made ahead.
      CHECK(groups_of(keeper).size() <= (root.mode() == LimitMode::v1 ? 6 : 2));
    }
    CHECK(groups_of(keeper).empty());
  }
}

TEST_CASE("sandbox: a run's group counts the kills at its own limit, and no others") {
  for (auto& root : roots()) {
    CAPTURE(to_string(root.mode()));
    const auto group = root.create(small);
    CHECK(group.usage().oom_kills == 0);
    const auto child = ::fork();
    if (child == 0) {
      join(group);
      for (;;) {
        auto* const block = static_cast<volatile char*>(std::malloc(1 << 20));
        for (int i = 0; block && i < 1 << 20; i += 4096) block[i] = 1;
      }
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WTERMSIG(status) == SIGKILL);
    const auto used = group.usage();
    CHECK(used.oom_kills > 0);
    CHECK_FALSE(used.is_oom_foreign);
    CHECK(used.memory_peak > small.memory.count / 2);
    CHECK(used.memory_peak <= small.memory.count);
    CHECK(used.cpu > Microseconds(0));
  }
}

TEST_CASE(
    "sandbox: a run's group of a mode that is not to be had is refused with what was missing") {
  for (const auto mode : {LimitMode::v2, LimitMode::v1}) {
    try {
      const auto root = GroupRoot::find(mode);
      CHECK(root.mode() == mode);
    } catch (const Error& refused) {
      CHECK(refused.code() == ENOTSUP);
      CHECK(refused.text().what == std::string("cgroup ") + to_string(mode));
      CHECK_FALSE(refused.text().hint.empty());
    }
  }
  CHECK(GroupRoot::find(LimitMode::rlimit).mode() == LimitMode::rlimit);
  const auto chosen = GroupRoot::find(LimitMode::automatic).mode();
  CHECK(chosen != LimitMode::automatic);
  CHECK((chosen == LimitMode::rlimit) == roots().empty());
}
