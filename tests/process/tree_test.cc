#include "process/tree.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "base/unique_fd.h"
#include "base/units.h"
#include "process/cgroup.h"
#include "process/fork_child.h"
#include "process/launch.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::process;
using daemonz::tests::TempDir;

namespace {

SteadyTime soon() { return std::chrono::steady_clock::now() + Seconds(10); }

// A shell whose children sit in its group, in sessions of their own, and double-forked to init.
// It has written as many pids as it has children before this returns.
struct Family {
  explicit Family(std::string cgroup = {}) {
    const auto list = folder / "pids";
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const UniqueFd written(ends[0]);
    UniqueFd tell(ends[1]);
    mark.token = new_tree_token("test");
    mark.cgroup = cgroup;
    std::map<std::string, std::string> env{{tree_variable, mark.token}, {"PATH", "/usr/bin:/bin"}};
    child.emplace(
        launch({.argv = {"sh", "-c",
                         "sleep 1000 & echo $! >>" + list + "; setsid sleep 1000 & echo $! >>" +
                             list + "; (setsid sh -c 'echo $$ >>" + list +
                             "; echo >&9; exec sleep 1000' &); wait"},
                .env = env,
                .descriptors = {{tell.get(), 9}},
                .cgroup = std::move(cgroup)}));
    tell.reset();
    char byte = 0;
    REQUIRE(::read(written.get(), &byte, 1) == 1);
    mark.leader = *identity_of(child->pid());
    std::ifstream file(list);
    for (pid_t pid = 0; file >> pid;) pids.push_back(pid);
    REQUIRE(pids.size() == 3);
    pids.push_back(child->pid());
  }
  ~Family() {
    for (const auto pid : pids) ::kill(pid, SIGKILL);
  }

  [[nodiscard]] int alive() const {
    int count = 0;
    for (const auto pid : pids) {
      const auto stat = stat_of(pid);
      if (stat && stat->is_alive()) ++count;
    }
    return count;
  }

  const TempDir folder;
  TreeMark mark;
  std::optional<Child> child;
  std::vector<pid_t> pids;
};

}  // namespace

TEST_CASE("tree: grandchildren in other sessions and orphans of init die with it") {
  Family family;
  CHECK(family.alive() == 4);
  CHECK_FALSE(is_empty(family.mark));
  CHECK(kill_tree(family.mark, soon()));
  CHECK(family.alive() == 0);
  CHECK(is_empty(family.mark));
}

TEST_CASE("tree: what the leader left behind is found after its end, in another process too") {
  Family family;
  family.child->signal(SIGKILL);
  static_cast<void>(family.child->wait());
  CHECK(processes_of(family.mark).size() == 3);
  const auto prefix = family.mark.token.substr(0, family.mark.token.size() - 2);
  CHECK(processes_with_token_prefix(prefix).size() == 3);
  CHECK(kill_tree(family.mark, soon()));
  CHECK(family.alive() == 0);
}

TEST_CASE("tree: a recycled pid is not the leader") {
  TreeMark mark{.leader = *identity_of(::getppid())};
  mark.leader.start_ticks += 1;  // as if the pid had been another process then
  CHECK(processes_of(mark).empty());
  CHECK_FALSE(is_running(mark.leader));
  CHECK_FALSE(open_pidfd(mark.leader).is_open());
  mark.leader = *identity_of(::getppid());
  mark.leader.boot_id = "another boot";
  CHECK_FALSE(is_running(mark.leader));
}

TEST_CASE("tree: a signal reaches every process of it") {
  Family family;
  CHECK(signal_tree(family.mark, SIGKILL) == 4);
  CHECK(kill_tree(family.mark, soon()));
  CHECK(family.alive() == 0);
}

TEST_CASE("tree: with a cgroup nobody escapes, whatever the environment says") {
  const auto own = own_cgroup();
  if (!own) return;  // no cgroup v2 for this user on this machine
  const auto group = *own + "/daemonz-tree-test-" + std::to_string(::getpid());
  if (!create_cgroup(group)) return;
  {
    Family family(group);
    family.mark.token = "not the one";
    CHECK(processes_of(family.mark).size() == 4);
    CHECK(kill_tree(family.mark, soon()));
    CHECK(family.alive() == 0);
  }
  CHECK(remove_cgroup(group));
}

// Came back as a sleeper that outlived its tree: it was in the middle of execve when it was looked
// for, where a process shows no environment.
TEST_CASE("tree: a group that this user may not kill costs a second, not for ever") {
  const auto own = own_cgroup();
  if (::geteuid() != 0 || !own) return;
  const auto group = *own + "/daemonz-test-foreign-" + std::to_string(::getpid());
  REQUIRE(create_cgroup(group));
  auto child = launch({.argv = {"sleep", "1000"}, .cgroup = group});
  auto nobody = fork_child([&] { return ::setuid(65534) == 0 && kill_cgroup(group) ? 0 : 1; });
  const auto status = nobody.wait(soon());
  REQUIRE(status);
  CHECK(status->exit_code == 0);
  CHECK_FALSE(child.wait(std::chrono::steady_clock::now()));
  CHECK(kill_cgroup(group));
  static_cast<void>(child.wait(soon()));
  CHECK(wait_until_empty(group, soon()));
  CHECK(remove_cgroup(group));
}

TEST_CASE("tree: a program whose first thread has ended is still ended with its tree") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd held(ends[0]), tell(ends[1]);
  auto child = fork_child(
      [&] {
        std::thread([] {
          for (;;) ::pause();
        }).detach();
        [[maybe_unused]] const auto written = ::write(tell.get(), "t", 1);
        ::syscall(SYS_exit, 0);
        return 0;
      },
      {.keep = {tell.get()}, .is_session_leader = true});
  char byte = 0;
  REQUIRE(::read(held.get(), &byte, 1) == 1);
  while (stat_of(child.pid())->state != 'Z') ::poll(nullptr, 0, 1);
  const TreeMark mark{.leader = *identity_of(child.pid())};
  CHECK(is_running(mark.leader));
  CHECK_FALSE(is_empty(mark));
  CHECK(kill_tree(mark, soon()));
  CHECK(child.wait(soon())->signal == SIGKILL);
}

TEST_CASE("tree: a process in the middle of execve does not slip through") {
  const TempDir folder;
  const auto script = folder / "again.sh";
  std::ofstream(script) << "exec sh " + script + "\n";
  const TreeMark mark{.token = new_tree_token("test")};
  auto child = launch({.argv = {"sh", script},
                       .env = std::map<std::string, std::string>{{tree_variable, mark.token},
                                                                 {"PATH", "/usr/bin:/bin"}}});
  // The mark alone has to find it: no leader, no session, no descent.
  for (int i = 0; i < 100; ++i) REQUIRE(processes_of(mark).size() == 1);
  CHECK(kill_tree(mark, soon()));
  CHECK(child.wait(soon())->signal == SIGKILL);
}
