#include "process/warm_process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/error.h"
#include "process/fork_child.h"
#include "process/pipe.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::process;
using tests::Pipe;

namespace {

WarmEnd end_of(WarmChild& child) {
  pollfd ended{child.fd(), POLLIN, 0};
  REQUIRE(::poll(&ended, 1, 10'000) == 1);
  return child.take_end().value();
}

int tell(const UniqueFd& to, const std::string& text) {
  return ::write(to.get(), text.data(), text.size()) < 0;
}

}  // namespace

TEST_CASE("warm_process: a forked child has the memory of the start, and a process of its own") {
  std::string state = "as it was";
  auto warm = WarmProcess::start([&](std::vector<UniqueFd> given) {
    tell(given.at(0), state);
    state = "changed in the child";
    return 7;
  });
  state = "changed later";
  for (int i = 0; i < 3; ++i) {
    Pipe out;
    auto child = warm->start_child({.descriptors = {out.write_end.get()}});
    CHECK(out.read_all() == "as it was");
    CHECK(end_of(child).exit_code == 7);
  }
}

TEST_CASE("warm_process: a forked child has no descriptor but those that it was given") {
  const UniqueFd other(::open("/dev/null", O_RDONLY));
  auto warm = WarmProcess::start([&](std::vector<UniqueFd> given) {
    int open = 0;
    for (int fd = 3; fd < 200; ++fd) open += ::fcntl(fd, F_GETFD) >= 0;
    return given.size() == 1 ? open : 99;
  });
  const UniqueFd later(::open("/dev/null", O_RDONLY));
  Pipe out;
  auto child = warm->start_child({.descriptors = {out.write_end.get()}});
  CHECK(end_of(child).exit_code == 1);
}

TEST_CASE("warm_process: a program gets its descriptors as 0, 1, 2, 3") {
  auto warm = WarmProcess::start([](std::vector<UniqueFd>) { return 0; });
  Pipe in, out, progress;
  REQUIRE(tell(in.write_end, "hello") == 0);
  in.write_end.reset();
  auto child = warm->start_child({.argv = {"sh", "-c", "cat; echo half >&3; exit 75"},
                                  .descriptors = {in.read_end.get(), out.write_end.get(),
                                                  STDERR_FILENO, progress.write_end.get()}});
  CHECK(out.read_all() == "hello");
  CHECK(progress.read_all() == "half\n");
  CHECK(end_of(child).exit_code == 75);
  CHECK_THROWS_WITH_AS((void)warm->start_child({.argv = {"/nowhere/program"}}),
                       doctest::Contains("/nowhere/program"), Error);
}

TEST_CASE("warm_process: kill ends the child and all that came from it") {
  auto warm = WarmProcess::start([](std::vector<UniqueFd>) { return 0; });
  Pipe out;
  auto child =
      warm->start_child({.argv = {"sh", "-c", "setsid sleep 600 & sleep 600 & echo started; wait"},
                         .descriptors = {STDIN_FILENO, out.write_end.get(), STDERR_FILENO}});
  char text[8];
  REQUIRE(::read(out.read_end.get(), text, sizeof text) == 8);
  CHECK(child.kill());
  CHECK(end_of(child).signal == SIGKILL);
  CHECK(is_empty(child.tree()));
  CHECK(out.read_all().empty());  // nobody holds the pipe any more
}

TEST_CASE("warm_process: when its owner is killed, no child of it goes on") {
  Pipe out, alive;
  auto owner = fork_child(
      [&]() -> int {
        auto warm = WarmProcess::start([&](std::vector<UniqueFd> given) {
          tell(given.at(0), "started!");
          for (;;) ::pause();
          return 0;
        });
        auto forked = warm->start_child({.descriptors = {out.write_end.get()}});
        auto program =
            warm->start_child({.argv = {"sh", "-c", "echo started; setsid sleep 600; :"},
                               .descriptors = {STDIN_FILENO, out.write_end.get(), STDERR_FILENO}});
        out.write_end.reset();
        for (;;) ::pause();
      },
      {.keep = {out.write_end.get()}});
  out.write_end.reset();
  std::string text;
  char buffer[64];
  while (text.size() < 16) {
    const auto size = ::read(out.read_end.get(), buffer, sizeof buffer);
    REQUIRE(size > 0);
    text.append(buffer, static_cast<std::size_t>(size));
  }
  owner.signal(SIGKILL);
  pollfd closed{out.read_end.get(), POLLIN, 0};
  REQUIRE(::poll(&closed, 1, 10'000) == 1);
  CHECK(::read(out.read_end.get(), buffer, sizeof buffer) == 0);  // all writers are gone
}

TEST_CASE("warm_process: it cannot be started beside a second thread, and its death is noticed") {
  auto warm = WarmProcess::start([](std::vector<UniqueFd> given) {
    char told = 0;
    [[maybe_unused]] const auto size = ::read(given[0].get(), &told, 1);
    return ::kill(::getppid(), SIGKILL);
  });
  CHECK(warm->is_alive());
  Pipe started;
  auto child = warm->start_child({.descriptors = {started.read_end.get()}});
  started.write_end.reset();  // not before it has said that it has started
  const auto end = end_of(child);
  CHECK_FALSE(end.exit_code);
  CHECK_FALSE(end.signal);
  CHECK_THROWS_AS((void)warm->start_child({}), Error);
  CHECK_FALSE(warm->is_alive());
  std::string refused;
  std::thread([&] {
    try {
      (void)WarmProcess::start([](std::vector<UniqueFd>) { return 0; });
    } catch (const Error& problem) {
      refused = problem.what();
    }
  }).join();
  CHECK(refused.find("2 threads") != std::string::npos);
}
