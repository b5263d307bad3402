// What every engine promises (broker.h, delivery.md) when waits are ended, servers are killed and
// many connections take at once.
#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "contract.h"

using namespace daemonz;
using namespace broker;
using namespace tests;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(Contract, "broker: interrupt ends a wait, and what is pushed then is not lost") {
  const auto waiting = engine.connect();
  auto popped = std::async(std::launch::async,
                           [&] { return waiting->pop({.queues = {mail}, .wait = 20s}).lease; });
  const auto begin = real_clock().steady();
  waiting->interrupt();
  const auto none = popped.get();
  CHECK(real_clock().steady() - begin < 2s);
  CHECK_FALSE(none);
  push(mail, "x");
  CHECK(take(mail, 5s) == "x");
  CHECK_FALSE(waiting->pop({.queues = {mail}}).lease);  // it connects again
}

TEST_CASE_FIXTURE(Contract,
                  "broker: a killed server is unreachable; started again, it has everything") {
  push(mail, "kept", {.priority = Priority{1}});
  push(mail, "kept too");
  engine.kill();
  CHECK(broker->push(mail, "lost", {}).state == PushState::unreachable);
  CHECK_THROWS_WITH_AS((void)broker->pop({.queues = {mail}}), doctest::Contains("cannot reach"),
                       Error);
  engine.start();
  CHECK(broker->push(mail, "at once", {}).state == PushState::confirmed);
  CHECK(take(mail) == "kept");
  CHECK(take(mail) == "kept too");
  CHECK(take(mail) == "at once");
  CHECK_FALSE(pop(mail));
}

TEST_CASE_FIXTURE(Contract, "broker: a server killed under a waiting pop ends it with an error") {
  std::promise<void> is_waiting;
  auto outcome = std::async(std::launch::async, [&] {
    const auto own = engine.connect();
    (void)own->depth(mail);  // connected
    is_waiting.set_value();
    try {
      (void)own->pop({.queues = {mail}, .wait = 20s});
      return std::string("no error");
    } catch (const Error& error) {
      return std::string(error.what());
    }
  });
  is_waiting.get_future().wait();
  engine.kill();
  CHECK(outcome.get().find("cannot reach the queue server") != std::string::npos);
}

TEST_CASE_FIXTURE(Contract, "broker: a lease outlives its server, if it is extended soon") {
  push(mail, "x");
  const auto lease = pop(mail);
  REQUIRE(lease);
  engine.kill();
  engine.start();
  const auto heartbeat = engine.connect();
  CHECK(heartbeat->extend(*lease, 30s) == Settled::done);
  CHECK_FALSE(heartbeat->pop({.queues = {mail}, .wait = 100ms}).lease);
  CHECK(broker->ack(*lease) == Settled::done);
  CHECK_FALSE(pop(mail));
}

TEST_CASE_FIXTURE(Contract,
                  "broker: pushes repeated with their ids through kills are stored once each") {
  constexpr int jobs = 60;
  std::atomic<bool> is_done = false;
  auto killer = std::async(std::launch::async, [&] {
    for (int i = 0; i < 5 && !is_done; ++i) {
      engine.kill();
      engine.start();
      // Lets some pushes through before the next blow.
      const auto watcher = engine.connect();
      const auto before = watcher->depth(mail);
      while (!is_done && watcher->depth(mail) < before + 5) std::this_thread::yield();
    }
  });
  for (int i = 0; i < jobs; ++i) {
    const PushOptions options{.id = "job" + std::to_string(i)};
    while (broker->push(mail, std::to_string(i), options).state != PushState::confirmed)
      std::this_thread::yield();
  }
  is_done = true;
  killer.get();
  CHECK(broker->depth(mail) == jobs);
  std::set<std::string> seen;
  while (const auto lease = pop(mail)) {
    CHECK(seen.insert(lease->body).second);
    REQUIRE(broker->ack(*lease) == Settled::done);
  }
  CHECK(seen.size() == jobs);
}

TEST_CASE_FIXTURE(Contract, "broker: threads with connections of their own take each item once") {
  constexpr int items = 400, threads = 4;
  std::vector<std::string> bodies;
  for (int i = 0; i < items; ++i) bodies.push_back(std::to_string(i));
  REQUIRE(broker->push_many(mail, bodies, {}).state == PushState::confirmed);
  std::mutex mutex;
  std::multiset<std::string> taken;
  {
    std::vector<std::jthread> running;
    for (int i = 0; i < threads; ++i)
      running.emplace_back([&] {
        const auto own = engine.connect();
        while (const auto lease = own->pop({.queues = {mail}}).lease) {
          if (own->ack(*lease) != Settled::done) break;
          const std::lock_guard lock(mutex);
          taken.insert(lease->body);
        }
      });
  }
  CHECK(taken.size() == items);
  CHECK(std::set(taken.begin(), taken.end()).size() == items);
}
