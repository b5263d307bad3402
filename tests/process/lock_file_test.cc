#include "process/lock_file.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "base/error.h"
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
