#include "broker/memcache_key.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace daemonz;
using namespace broker;
using namespace std::chrono_literals;

TEST_CASE("broker: keys say what differs from the defaults, in the protocol's words") {
  const QueueName mail("mail");
  CHECK(push_key(mail, {}) == "mail");
  CHECK(push_key(mail, {.priority = Priority{3},
                        .delay = 500ms,
                        .expires_in = 1min,
                        .id = "01J",
                        .unique_key = std::string(32, 'a'),
                        .deliveries_max = 5}) ==
        "mail/p=3/d=500/ttl=60000/r=5/id=01J/u=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  CHECK(push_many_key(mail, {.id = "b"}, 3) == "mail/id=b/many=3");
  const Lease lease{.queue = QueueName("pulls"), .id = 77};
  CHECK(replace_key(lease, mail, {.delay = 15s}) == "mail/d=15000/ack=77:pulls");
  CHECK(lease_key(lease, "nack") == "pulls/nack=77");
}

TEST_CASE("broker: one pop names all its queues in their order") {
  PopRequest request{.queues = {QueueName("pulls"), QueueName("pushes")}, .lease = 10s};
  CHECK(pop_key(request, 0ms) == "pulls,pushes/open/lease=10000");
  CHECK(pop_key(request, 500ms) == "pulls,pushes/open/lease=10000/t=500");
  CHECK(pop_key(request, 1h) == "pulls,pushes/open/lease=10000/t=30000");
  request.priority_min = Priority{1};
  request.priority_max = Priority{3};
  request.ack = Lease{.queue = QueueName("pushes"), .id = 9};
  CHECK(pop_key(request, 5ms) == "pulls,pushes/open/lease=10000/t=5/min=1/max=3/ack=9:pushes");
}

TEST_CASE("broker: a key that the server would not take is refused before it is sent") {
  PopRequest request;
  CHECK_THROWS_WITH_AS((void)pop_key(request, 0ms), doctest::Contains("at least one queue"), Error);
  for (int i = 0; i < 5; ++i)
    request.queues.emplace_back(std::string(60, static_cast<char>('a' + i)));
  CHECK_THROWS_WITH_AS((void)pop_key(request, 0ms), doctest::Contains("Name fewer queues"), Error);
  const QueueName queue("q");
  CHECK_THROWS_AS((void)push_key(queue, {.id = "a b"}), Error);
  CHECK_THROWS_AS((void)push_key(queue, {.id = "a/u=1"}), Error);
  CHECK_THROWS_AS((void)push_key(queue, {.id = std::string(65, 'x')}), Error);
  CHECK_THROWS_AS((void)push_key(queue, {.unique_key = "abc"}), Error);
  CHECK_THROWS_AS((void)push_key(queue, {.unique_key = std::string(32, 'g')}), Error);
}

TEST_CASE("broker: the longest job queue names leave room for every option that a job has") {
  const QueueName longest(std::string(60, 'q'));
  const Lease lease{.queue = longest, .id = 0xffff'ffff'ffff'ffff};
  CHECK_NOTHROW((void)replace_key(
      lease, longest, {.priority = Priority{9}, .delay = 24h * 365, .expires_in = 24h * 365}));
  CHECK_NOTHROW((void)push_key(longest, {.priority = Priority{9},
                                         .delay = 24h * 365,
                                         .expires_in = 24h * 365,
                                         .id = std::string(64, 'x'),
                                         .unique_key = std::string(32, 'a'),
                                         .deliveries_max = 999}));
  PopRequest request{.queues = {longest, longest}, .ack = lease};
  CHECK_NOTHROW((void)pop_key(request, wait_max));
}
