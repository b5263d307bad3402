// A process that somebody else has started and reaps.
#include "process/child.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "base/units.h"
#include "process/launch.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::process;

namespace {

// An orphan that reads a word from a FIFO and then ends with `last`. Its parent has ended already.
struct Orphan {
  tests::TempDir folder;
  UniqueFd fifo;
  Identity identity;

  explicit Orphan(const std::string& last) {
    const auto path = folder / "fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    fifo.reset(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    auto parent = launch({.argv = {"sh", "-c",
                                   "(read word <" + path + "; " + last +
                                       ") 2>/dev/null & echo $! >" + folder / "pid"}});
    REQUIRE(parent.wait()->is_success());
    pid_t pid = 0;
    std::ifstream(folder / "pid") >> pid;
    identity = *identity_of(pid);
  }
  void end() const { REQUIRE(::write(fifo.get(), "go\n", 3) == 3); }
};

SteadyTime soon() { return std::chrono::steady_clock::now() + Seconds(20); }

}  // namespace

TEST_CASE("child: an inherited one is waited for, and its exit code is known") {
  const Orphan orphan("exit 7");
  auto child = Child::inherit(orphan.identity);
  REQUIRE(child);
  CHECK_FALSE(child->wait(std::chrono::steady_clock::now()));
  orphan.end();
  const auto status = child->wait(soon());
  REQUIRE(status);
  CHECK(status->exit_code == 7);
  CHECK_FALSE(child->signal(SIGTERM));
}

TEST_CASE("child: an inherited one can be signalled, and lives on when nobody holds it") {
  const Orphan orphan("exit 0");
  static_cast<void>(Child::inherit(orphan.identity));
  auto child = Child::inherit(orphan.identity);
  REQUIRE(child);
  CHECK(child->signal(SIGKILL));
  const auto status = child->wait(soon());
  REQUIRE(status);
  CHECK(status->signal == SIGKILL);
}

TEST_CASE("child: a stranger with the pid of a dead one is not inherited") {
  auto identity = *identity_of(::getpid());
  ++identity.start_ticks;
  CHECK_FALSE(Child::inherit(identity));
}
