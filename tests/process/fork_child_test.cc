#include "process/fork_child.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "base/units.h"
#include "process/pipe.h"

using namespace daemonz;
using namespace daemonz::process;
using tests::Pipe;

namespace {

SteadyTime soon() { return std::chrono::steady_clock::now() + Seconds(10); }

}  // namespace

TEST_CASE("fork_child: the result of the body is the exit code") {
  CHECK(fork_child([] { return 42; }).wait(soon())->exit_code == 42);
}

TEST_CASE("fork_child: an exception is a failure, and leaves no second copy of the program") {
  auto child = fork_child([]() -> int {
    ::close(STDERR_FILENO);
    throw std::runtime_error("no");
  });
  CHECK(child.wait(soon())->exit_code == exit_exception);
}

TEST_CASE("fork_child: only named descriptors are open in the child") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  const UniqueFd connection(ends[0]), server(ends[1]);
  const Pipe kept;
  const int lost_fd = connection.get(), kept_fd = kept.write_end.get();
  auto child = fork_child(
      [=] {
        const bool is_lost = ::fcntl(lost_fd, F_GETFD) < 0 && errno == EBADF;
        const bool is_kept = ::write(kept_fd, "k", 1) == 1;
        return is_lost && is_kept ? 0 : 1;
      },
      {.keep = {kept_fd}});
  CHECK(child.wait(soon())->exit_code == 0);
  char byte = 0;
  CHECK(::read(kept.read_end.get(), &byte, 1) == 1);
  // The connection is still the parent's: nothing was said on it, and it was not ended.
  CHECK(::recv(server.get(), &byte, 1, MSG_DONTWAIT) == -1);
  CHECK(errno == EAGAIN);
}

TEST_CASE("fork_child: no destructor of the parent runs in the child") {
  const Pipe pipe;
  struct Told {
    int fd;
    ~Told() { [[maybe_unused]] const auto written = ::write(fd, "d", 1); }
  };
  {
    const Told told{pipe.write_end.get()};
    auto child = fork_child([] { return 0; }, {.keep = {pipe.write_end.get()}});
    CHECK(child.wait(soon())->is_success());
    char byte = 0;
    ::fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK);
    CHECK(::read(pipe.read_end.get(), &byte, 1) == -1);
  }
}

TEST_CASE("fork_child: the child dies of SIGTERM although the parent blocks it") {
  sigset_t blocked, before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  auto child = fork_child([] {
    for (;;) ::pause();
    return 0;
  });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  CHECK(child.signal(SIGTERM));
  CHECK(child.wait(soon())->signal == SIGTERM);
}
