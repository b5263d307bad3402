#include "process/lock_file.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <future>
#include <thread>

#include "base/error.h"
#include "base/units.h"
#include "process/fork_child.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::process;
using daemonz::tests::TempDir;

TEST_CASE("lock_file: one holder at a time, named by its pid") {
  const TempDir folder;
  const auto path = folder / "lock";
  CHECK_FALSE(LockFile::holder_of(path));
  {
    const auto lock = LockFile::try_acquire(path);
    REQUIRE(lock);
    CHECK_FALSE(LockFile::try_acquire(path));
    CHECK(LockFile::holder_of(path) == ::getpid());
    CHECK_FALSE(LockFile::try_acquire(path));  // asking has not disturbed the holder
  }
  CHECK_FALSE(LockFile::holder_of(path));
  CHECK_FALSE(LockFile::last_holder_of(path));  // an end in order leaves no pid
  CHECK(LockFile::try_acquire(path));
}

TEST_CASE("lock_file: kill -9 of the holder frees it, and its pid can still be read") {
  const TempDir folder;
  const auto path = folder / "lock";
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const UniqueFd locked(ends[0]), tell(ends[1]);
  auto child = fork_child(
      [&] {
        const auto lock = LockFile::try_acquire(path);
        [[maybe_unused]] const auto written = ::write(tell.get(), "l", 1);
        for (;;) ::pause();
        return 0;
      },
      {.keep = {tell.get()}});
  char byte = 0;
  REQUIRE(::read(locked.get(), &byte, 1) == 1);
  CHECK(LockFile::holder_of(path) == child.pid());
  CHECK_FALSE(LockFile::try_acquire(path));
  child.signal(SIGKILL);
  static_cast<void>(child.wait());
  CHECK_FALSE(LockFile::holder_of(path));
  CHECK(LockFile::last_holder_of(path) == child.pid());
  CHECK(LockFile::try_acquire(path));
}

TEST_CASE("lock_file: a holder that is dying is waited for, not reported") {
  const TempDir folder;
  const auto path = folder / "lock";
  bool is_asked_for_holder = false;
  SUBCASE("try_acquire") {}
  SUBCASE("holder_of") { is_asked_for_holder = true; }
  const auto is_free = [&] {
    return is_asked_for_holder ? !LockFile::holder_of(path)
                               : LockFile::try_acquire(path).has_value();
  };
  int up[2], down[2];
  REQUIRE(::pipe(up) == 0);
  REQUIRE(::pipe(down) == 0);
  const UniqueFd locked(up[0]), tell(up[1]), asked(down[0]);
  UniqueFd ask(down[1]);
  auto child = fork_child(
      [&] {
        const auto lock = LockFile::try_acquire(path);
        std::thread([&] {  // as one that the scheduler has not come to yet
          char byte = 0;
          [[maybe_unused]] const auto end = ::read(asked.get(), &byte, 1);
          ::_exit(0);
        })
            .detach();
        [[maybe_unused]] const auto written = ::write(tell.get(), "l", 1);
        ::syscall(SYS_exit, 0);
        return 0;
      },
      {.keep = {tell.get(), asked.get()}});
  char byte = 0;
  REQUIRE(::read(locked.get(), &byte, 1) == 1);
  const auto identity = identity_of(child.pid());
  while (stat_of(child.pid())->state != 'Z') ::poll(nullptr, 0, 1);
  CHECK(is_running(*identity));  // its files are still open
  auto waiting = std::async(std::launch::async, is_free);
  CHECK(waiting.wait_for(Milliseconds(100)) == std::future_status::timeout);
  ask.reset();
  CHECK(waiting.get());
  CHECK(child.wait(std::chrono::steady_clock::now() + Seconds(10)));
  CHECK_FALSE(is_running(*identity));
}

TEST_CASE("lock_file: a pid in the file proves nothing") {
  const TempDir folder;
  const auto path = folder / "lock";
  std::ofstream(path) << "1\n";
  CHECK_FALSE(LockFile::holder_of(path));
  CHECK(LockFile::try_acquire(path));
}

TEST_CASE("lock_file: a folder that is not there is an error that names the file") {
  CHECK_THROWS_WITH_AS(static_cast<void>(LockFile::try_acquire("/no/such/folder/lock")),
                       "/no/such/folder/lock: cannot open the lock file: No such file or "
                       "directory. May this user write to its folder?",
                       Error);
}
