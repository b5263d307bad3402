// The memcache engine against a server that says rare things. What a healthy server does is
// contract_test.cc's.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <future>

#include "base/clock.h"
#include "base/error.h"
#include "broker/broker.h"
#include "scripted_server.h"

using namespace daemonz;
using namespace broker;
using namespace std::chrono_literals;
using tests::ScriptedServer;

namespace {

const QueueName q("q");
constexpr auto hang_up = std::nullopt;

std::unique_ptr<Broker> broker_of(const ScriptedServer& server, Milliseconds answer_timeout = 2s) {
  return connect({.url = server.url(), .answer_timeout = answer_timeout});
}

/// What becomes of one push, ack and pop that are answered with `reply`.
PushResult pushed(std::optional<std::string> reply) {
  const ScriptedServer server([&](auto&, auto&) { return reply; });
  return broker_of(server, 200ms)->push(q, "body", {});
}
Settled acked(std::optional<std::string> reply) {
  const ScriptedServer server([&](auto&, auto&) { return reply; });
  return broker_of(server, 200ms)->ack({.queue = q, .id = 7, .body = "", .flags = 0});
}
Popped popped(std::optional<std::string> reply, std::optional<Lease> ack = {}) {
  const ScriptedServer server([&](auto&, auto&) { return reply; });
  return broker_of(server, 200ms)->pop({.queues = {q}, .ack = ack});
}

const Lease some_lease{.queue = QueueName("q"), .id = 7, .body = "", .flags = 0};

/// Waits for a fact of another thread, at most some seconds.
bool happens(const std::function<bool()>& fact) {
  for (const auto end = real_clock().steady() + 5s; real_clock().steady() < end;) {
    if (fact()) return true;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace

TEST_CASE("broker: each answer to a push means one thing") {
  CHECK(pushed("STORED\r\n").state == PushState::confirmed);
  CHECK(pushed("EXISTS\r\n").state == PushState::duplicate);
  CHECK(pushed("NOT_STORED\r\n").state == PushState::refused);
  CHECK(pushed("SERVER_ERROR out of memory storing object\r\n").state == PushState::refused);
  CHECK(pushed("SERVER_ERROR object too large for cache\r\n").state == PushState::refused);
  CHECK(pushed("CLIENT_ERROR unknown option x\r\n").state == PushState::refused);
  CHECK(pushed("CLIENT_ERROR unknown option x\r\n").detail.find("unknown option x") !=
        std::string::npos);
  CHECK(pushed("SERVER_ERROR storage failed\r\n").state == PushState::unknown);
  CHECK(pushed(hang_up).state == PushState::unknown);
  CHECK(pushed("").state == PushState::unknown);
  CHECK(pushed("STOR").state == PushState::unknown);
}

TEST_CASE("broker: each answer to an ack means one thing") {
  CHECK(acked("DELETED\r\n") == Settled::done);
  CHECK(acked("NOT_FOUND\r\n") == Settled::gone);
  CHECK(acked("SERVER_ERROR storage failed\r\n") == Settled::failed);
  CHECK(acked("CLIENT_ERROR bad option ack\r\n") == Settled::refused);
  CHECK(acked(hang_up) == Settled::unknown);
  CHECK(acked("") == Settled::unknown);
}

TEST_CASE("broker: an error that answers a pop is not taken for an empty queue") {
  CHECK_FALSE(popped("END\r\n").lease);
  CHECK_THROWS_WITH_AS((void)popped("SERVER_ERROR no way\r\n"), doctest::Contains("no way"), Error);
  CHECK_THROWS_WITH_AS((void)popped("CLIENT_ERROR bad option lease\r\n"),
                       doctest::Contains("bad option lease"), Error);
  CHECK_THROWS_WITH_AS((void)popped(hang_up), doctest::Contains("cannot reach the queue server"),
                       Error);
  CHECK_THROWS_WITH_AS((void)popped(""), doctest::Contains("daemonz start"), Error);
  CHECK_THROWS_WITH_AS((void)popped("VALUE q 0 2 0\r\nab\r\nEND\r\n"),
                       doctest::Contains("daemonz-queue"), Error);
  CHECK_THROWS_AS((void)popped("VALUE other 0 2 9\r\nab\r\nEND\r\n"), Error);
}

TEST_CASE("broker: a pop tells what became of the ack that it carried") {
  const auto next = popped("VALUE q 3 2 8\r\nab\r\nEND\r\n", some_lease);
  CHECK(next.settled == Settled::done);
  REQUIRE(next.lease);
  CHECK(next.lease->id == 8);
  CHECK(next.lease->body == "ab");
  CHECK(next.lease->flags == 3);
  CHECK(popped("END\r\n", some_lease).settled == Settled::done);
  CHECK(popped("CLIENT_ERROR delivery 7 is gone\r\n", some_lease).settled == Settled::gone);
  CHECK(popped("SERVER_ERROR storage failed\r\n", some_lease).settled == Settled::failed);
  CHECK(popped(hang_up, some_lease).settled == Settled::unknown);
}

TEST_CASE("broker: a batch is one command, and one that is too large is not sent") {
  std::string seen;
  const ScriptedServer server([&](auto&, const std::string& body) {
    seen = body;
    return "STORED\r\n";
  });
  const auto broker = broker_of(server);
  CHECK(broker->push_many(q, std::vector<std::string>{"a", "", "b\r\nc"}, {.id = "x"}).state ==
        PushState::confirmed);
  CHECK(server.lines() == std::vector<std::string>{"set q/id=x/many=3 0 0 20"});
  CHECK(seen == "1\r\na\r\n0\r\n\r\n4\r\nb\r\nc\r\n");
  CHECK_THROWS_AS((void)broker->push_many(q, {}, {}), Error);
  const std::vector<std::string> large(61, std::string(1 << 20, 'x'));
  CHECK(broker->push_many(q, large, {}).state == PushState::refused);
  CHECK(server.lines().size() == 1);
}

TEST_CASE("broker: settling says ID and queue, in the protocol's words") {
  const ScriptedServer server([](const std::string& line, auto&) {
    return line.starts_with("touch") ? "TOUCHED\r\n"
           : line.starts_with("set") ? "STORED\r\n"
                                     : "DELETED\r\n";
  });
  const auto broker = broker_of(server);
  CHECK(broker->release(some_lease, Broker::Release::counted, 5s) == Settled::done);
  CHECK(broker->release(some_lease, Broker::Release::uncounted) == Settled::done);
  CHECK(broker->dead(some_lease) == Settled::done);
  CHECK(broker->extend(some_lease, 9'001ms) == Settled::done);
  CHECK(broker->replace(some_lease, QueueName("q.dead"), "x", {}) == Settled::done);
  CHECK(server.lines() == std::vector<std::string>{"delete q/nack=7/d=5000", "delete q/nack=7/undo",
                                                   "delete q/dead=7", "touch q/lease=7 10",
                                                   "set q.dead/ack=7:q 0 0 1"});
}

TEST_CASE("broker: nobody there is unreachable, not unknown") {
  const auto broker = connect({.url = "memcache+unix:///nowhere/queue.sock"});
  const auto result = broker->push(q, "x", {});
  CHECK(result.state == PushState::unreachable);
  CHECK(!result.detail.empty());
  CHECK(broker->ack(some_lease) == Settled::unknown);
  CHECK_THROWS_WITH_AS((void)broker->pop({.queues = {q}}), doctest::Contains("/nowhere/queue.sock"),
                       Error);
  CHECK_THROWS_AS((void)broker->depth(q), Error);
  CHECK(broker->pop({.queues = {q}, .ack = some_lease}).settled == Settled::unknown);
}

TEST_CASE(
    "broker: a connection that the server closed in the meantime is made anew before a push") {
  std::atomic<bool> is_first = true;
  const ScriptedServer server([&](auto&, auto&) -> std::optional<std::string> {
    if (is_first.exchange(false)) return hang_up;
    return "STORED\r\n";
  });
  const auto broker = broker_of(server);
  CHECK(broker->push(q, "x", {}).state == PushState::unknown);
  CHECK(broker->push(q, "x", {}).state == PushState::confirmed);
  CHECK(server.connections() == 2);
}

TEST_CASE("broker: interrupt ends a pop that waits, and only that one") {
  const ScriptedServer server(
      [](const std::string& line, auto&) { return line.starts_with("gets") ? "" : "STORED\r\n"; });
  const auto waiting = broker_of(server);
  const auto other = broker_of(server);
  CHECK(other->push(q, "x", {}).state == PushState::confirmed);
  auto pop =
      std::async(std::launch::async, [&] { return waiting->pop({.queues = {q}, .wait = 20s}); });
  REQUIRE(happens([&] { return server.lines().size() == 2; }));
  const auto begin = real_clock().steady();
  waiting->interrupt();
  CHECK_FALSE(pop.get().lease);
  CHECK(real_clock().steady() - begin < 1s);
  CHECK(happens([&] { return server.hang_ups() == 1; }));
  CHECK(other->push(q, "x", {}).state == PushState::confirmed);
  CHECK(server.connections() == 2);
}

TEST_CASE("broker: an interrupt that comes before the pop ends the next one, once") {
  const ScriptedServer server([](auto&, auto&) { return "END\r\n"; });
  const auto broker = broker_of(server);
  broker->interrupt();
  CHECK_FALSE(broker->pop({.queues = {q}, .wait = 20s}).lease);
  CHECK(server.lines().empty());
  CHECK_FALSE(broker->pop({.queues = {q}, .wait = 20s}).lease);
  CHECK(server.lines().size() == 1);
}

TEST_CASE("broker: a forked child says nothing over its parent's connection") {
  const ScriptedServer server([](auto&, auto&) { return "STORED\r\n"; });
  auto broker = broker_of(server);
  REQUIRE(broker->push(q, "x", {}).state == PushState::confirmed);
  const pid_t child = ::fork();
  if (child == 0) {
    broker.reset();  // must not send "quit"
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(broker->push(q, "y", {}).state == PushState::confirmed);
  CHECK(server.connections() == 1);
  CHECK(server.lines() == std::vector<std::string>{"set q 0 0 1", "set q 0 0 1"});
}
