// Host names in `ready:` and `health:`. getaddrinfo() of this program knows two names more than the
// machine: slow.test, whose lookup ends when a test says so, and two.test, with two addresses.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <netdb.h>
#include <netinet/in.h>

#include <condition_variable>
#include <mutex>

#include "base/unique_fd.h"
#include "supervisor/check.h"

using namespace daemonz;
using namespace daemonz::supervisor;

namespace {

// Of slow.test.
struct SlowLookup {
  std::mutex mutex;
  std::condition_variable changed;
  bool may_end = false;
  int begun = 0, ended = 0;

  int wait() {
    std::unique_lock lock(mutex);
    ++begun;
    changed.wait_for(lock, Seconds(20), [this] { return may_end; });
    ++ended;
    changed.notify_all();
    return EAI_AGAIN;
  }
  void let_end() {
    std::unique_lock lock(mutex);
    may_end = true;
    changed.notify_all();
    changed.wait(lock, [this] { return ended == begun; });
  }
};
SlowLookup slow;

config::Ready tcp(const std::string& host, int port) {
  return {.kind = config::Ready::Kind::tcp, .host = host, .port = port};
}

}  // namespace

extern "C" int getaddrinfo(const char* host, const char* port, const addrinfo* wanted,
                           addrinfo** found) {
  using Function = int(const char*, const char*, const addrinfo*, addrinfo**);
  static auto* const real = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  const std::string name(host);
  const bool is_name = !wanted || (wanted->ai_flags & AI_NUMERICHOST) == 0;
  if (is_name && name == "slow.test") return slow.wait();
  if (!is_name || name != "two.test") return real(host, port, wanted, found);
  if (const int code = real("127.0.0.2", port, wanted, found); code != 0) return code;
  return real("127.0.0.1", port, wanted, &(*found)->ai_next);
}

TEST_CASE(
    "host lookup: a name server that does not answer holds back neither loop nor time limit") {
  Loop loop;
  int turns = 0, answers = 0;
  const auto ask = [&](auto& check) {
    check.emplace(loop, CheckOptions{.question = tcp("slow.test", 1), .time = Milliseconds(50)},
                  [&](bool is_yes) {
                    CHECK_FALSE(is_yes);
                    if (++answers == 2) loop.stop();
                  });
  };
  std::optional<Check> first, second;
  ask(first);
  ask(second);
  loop.post([&] {
    ++turns;
    const std::lock_guard lock(slow.mutex);
    CHECK(slow.ended == 0);
  });
  loop.run();
  CHECK(turns == 1);
  CHECK(slow.ended == 0);
  CHECK(slow.begun <= 1);  // the second has joined the first's
  slow.let_end();
}

TEST_CASE("lookup: each address of a name is tried until one answers") {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {.s_addr = ::htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  auto* const pointer = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(listener.get(), pointer, size) == 0);
  REQUIRE(::listen(listener.get(), 10) == 0);
  REQUIRE(::getsockname(listener.get(), pointer, &size) == 0);
  for (const auto* host : {"two.test", "127.0.0.1", "127.0.0.2"}) {
    Loop loop;
    bool is_up = false;
    const Check check(loop, {.question = tcp(host, ::ntohs(address.sin_port)), .time = Seconds(20)},
                      [&](bool is_yes) {
                        is_up = is_yes;
                        loop.stop();
                      });
    loop.run();
    CHECK_MESSAGE(is_up == (std::string(host) != "127.0.0.2"), host);
  }
}
