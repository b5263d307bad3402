#include "offline_tasks/job_id.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>

using namespace daemonz;
using offline_tasks::new_job_id;

TEST_CASE("offline_tasks: ids are ULIDs that sort by time") {
  const auto id = new_job_id();
  CHECK(id.size() == 26);
  CHECK(offline_tasks::is_job_id(id));
  CHECK(id[0] <= '7');
  // 48 bits of milliseconds in ten digits of base 32: the first moment of the year 2200, so that no
  // id drawn before lies above it.
  CHECK(new_job_id(from_unix_milliseconds(7'258'118'400'000)).substr(0, 10) == "06K7MS3A00");
}

TEST_CASE("offline_tasks: ids rise within a millisecond, and when the clock was set back") {
  const auto now = real_clock().wall();
  auto last = new_job_id(now);
  for (int i = 0; i < 10'000; ++i) {
    const auto next = new_job_id(i % 2 ? now : now - std::chrono::hours(1));
    REQUIRE(next > last);
    last = next;
  }
}

TEST_CASE("offline_tasks: threads never draw the same id") {
  constexpr int threads = 4, each = 5'000;
  std::vector<std::vector<std::string>> drawn(threads);
  {
    std::vector<std::jthread> running;
    for (auto& mine : drawn)
      running.emplace_back([&mine] {
        for (int i = 0; i < each; ++i) mine.push_back(new_job_id());
      });
  }
  std::set<std::string> all;
  for (const auto& mine : drawn) all.insert(mine.begin(), mine.end());
  CHECK(all.size() == threads * each);
}

TEST_CASE("offline_tasks: a forked child draws other ids than its parent") {
  (void)new_job_id();
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto id = new_job_id();
    ::_exit(::write(ends[1], id.data(), id.size()) == 26 ? 0 : 1);
  }
  const auto mine = new_job_id();
  std::string theirs(26, ' ');
  REQUIRE(::read(ends[0], theirs.data(), theirs.size()) == 26);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  ::close(ends[0]);
  ::close(ends[1]);
  CHECK(mine.substr(10) != theirs.substr(10));
}

TEST_CASE("offline_tasks: ids of other makers need only be plain words") {
  CHECK(offline_tasks::is_job_id("7"));
  CHECK(offline_tasks::is_job_id("5e0c:2026-11-21_x.y"));
  CHECK_FALSE(offline_tasks::is_job_id(""));
  CHECK_FALSE(offline_tasks::is_job_id("a b"));
  CHECK_FALSE(offline_tasks::is_job_id("a/b"));
  CHECK_FALSE(offline_tasks::is_job_id(std::string(65, 'a')));
}
