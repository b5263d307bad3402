#include "supervisor/control.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <ctime>
#include <thread>

#include "base/error.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::supervisor;

TEST_CASE("control: an answer larger than the socket's buffer arrives whole, and only that") {
  const tests::TempDir folder;
  const auto path = folder / "control.sock";
  const std::string large(4 << 20, 'x');
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const UniqueFd done(ends[0]), say_done(ends[1]);

  Loop loop;
  const ControlServer server(
      loop, path,
      [&](const std::string&, const ControlServer::Reply& reply) { reply.send(large); });
  std::optional<std::string> first, second;
  std::thread client([&] {
    const Patience patience{.deadline = real_clock().steady() + std::chrono::seconds(20)};
    first = ask(path, "{}", patience);
    second = ask(path, "{}", patience);
    static_cast<void>(!::write(say_done.get(), "x", 1));
  });
  const auto watch = loop.when_readable(done.get(), [&] { loop.stop(); });
  loop.run();
  client.join();
  CHECK(first == large);
  CHECK(second == large);
}

namespace {

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

[[maybe_unused]] UniqueFd connected_to(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = address_of(path);
  REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

// A socket that a supervisor has opened, and does nothing with.
UniqueFd mute_listener(const std::string& path, int backlog) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = address_of(path);
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(fd.get(), backlog) == 0);
  return fd;
}

}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they need descriptors, too
TEST_CASE("control: without a free descriptor a peer waits, and the loop sleeps meanwhile") {
  const tests::TempDir folder;
  const auto path = folder / "control.sock";
  Loop loop;
  const ControlServer server(
      loop, path, [&](const std::string&, const ControlServer::Reply& reply) { reply.send("{}"); });
  const auto peer = connected_to(path);
  REQUIRE(::send(peer.get(), "{}\n", 3, 0) == 3);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const UniqueFd last(::fcntl(peer.get(), F_DUPFD_CLOEXEC, 0));  // the lowest that was free
  const rlimit full{static_cast<rlim_t>(last.get()) + 1, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &full) == 0);
  const auto cpu_ms = [] { return std::clock() * 1000 / CLOCKS_PER_SEC; };
  const auto cpu_before = cpu_ms();
  const auto later = loop.at(real_clock().steady() + Milliseconds(500), [&] {
    CHECK(cpu_ms() - cpu_before < 50);
    ::setrlimit(RLIMIT_NOFILE, &before);
  });
  const auto answered = loop.when_readable(peer.get(), [&] { loop.stop(); });
  const auto at_last = loop.at(real_clock().steady() + Seconds(10), [&] { loop.stop(); });
  loop.run();
  char answer[3];
  CHECK(::recv(peer.get(), answer, sizeof answer, MSG_DONTWAIT) == 3);
}

#endif

TEST_CASE("control: a supervisor that hangs is given up, with and without a deadline") {
  const tests::TempDir folder;
  const auto path = folder / "control.sock";
  const auto listener = mute_listener(path, 1);
  const auto late = path + ": the supervisor does not answer in time";
  const auto message_of = [&](const Patience& patience) -> std::string {
    try {
      static_cast<void>(ask(path, "{}", patience));
    } catch (const Error& problem) {
      return problem.what();
    }
    return "";
  };
  const Milliseconds moment(50);
  for (int i = 0; i < 3; ++i)  // the last ones find the backlog full
    CHECK(message_of({.deadline = real_clock().steady() + moment}).starts_with(late));
  CHECK(message_of({.silence = moment}).starts_with(late));
}

TEST_CASE("control: an answer that takes long is waited for while other questions are answered") {
  const tests::TempDir folder;
  const auto path = folder / "control.sock";
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const UniqueFd done(ends[0]), say_done(ends[1]);
  Loop loop;
  std::optional<ControlServer::Reply> first;
  int others = 0;
  const ControlServer server(loop, path,
                             [&](const std::string&, const ControlServer::Reply& reply) {
                               if (!first) {
                                 first = reply;
                                 return;
                               }
                               reply.send("{}");
                               if (++others == 3) first->send("late");
                             });
  std::optional<std::string> answer;
  std::thread client([&] {
    answer = ask(path, "question", {.silence = Milliseconds(200)});
    static_cast<void>(!::write(say_done.get(), "x", 1));
  });
  const auto watch = loop.when_readable(done.get(), [&] { loop.stop(); });
  loop.run();
  client.join();
  CHECK(answer == "late");
}
