#include "offline_tasks/push.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/unique_fd.h"
#include "sample_tasks.h"

using namespace daemonz;
using namespace std::chrono_literals;
using namespace offline_tasks;

namespace {

/// A port of this machine; `is_listening`: connects succeed and nobody ever answers.
struct SilentPort {
  explicit SilentPort(bool is_listening) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    if (is_listening) REQUIRE(::listen(fd.get(), 8) == 0);
    url = "memcache://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::string url;
};

/// How long it took and what it said.
std::pair<Milliseconds, std::string> failed_push(const std::string& url) {
  connect({.broker = url});
  const auto begin = real_clock().steady();
  std::string said;
  try {
    push_push(samples::Echo{1, "x"});
  } catch (const Error& error) {
    said = error.what();
  }
  disconnect();
  return {std::chrono::duration_cast<Milliseconds>(real_clock().steady() - begin), said};
}

}  // namespace

TEST_CASE("offline_tasks: an unreachable queue is a clear error within the deadline") {
  const SilentPort nobody(false);
  const auto [time, said] = failed_push(nobody.url);
  CHECK(time < 600ms);
  CHECK(said.find("(echo): not pushed: no connection to the queue at " + nobody.url) !=
        std::string::npos);
  CHECK(said.find("daemonz status") != std::string::npos);
}

TEST_CASE("offline_tasks: a queue that accepts and never answers is a clear error too") {
  const SilentPort mute(true);
  const auto [time, said] = failed_push(mute.url);
  CHECK(time < 1s);
  CHECK(said.find("not pushed: no connection to the queue at " + mute.url) != std::string::npos);
}

TEST_CASE("offline_tasks: a missing socket is named") {
  const auto [time, said] = failed_push("memcache+unix:///nowhere/queue.sock");
  CHECK(time < 600ms);
  CHECK(said.find("memcache+unix:///nowhere/queue.sock") != std::string::npos);
}

TEST_CASE("offline_tasks: a front end links without any perform") {
  // ElsewherePerformed::perform is defined nowhere in this program.
  const SilentPort nobody(false);
  connect({.broker = nobody.url, .deadline = 1ms});
  CHECK_THROWS_AS(push_pull(samples::ElsewherePerformed{1}), Error);
  CHECK_THROWS_AS(samples::FrontEndTasks::push_push(samples::ElsewherePerformed{1}), Error);
  disconnect();
}
