// The memcache engine against a server that asks for a password.
#include <doctest/doctest.h>

#include <fstream>

#include "base/password.h"
#include "broker/broker.h"
#include "support/running_server.h"

using namespace daemonz;
using tests::RunningServer;

TEST_CASE("broker: a user of the URL is let in, again after a restart; others hear why not") {
  const tests::TempDir folder;
  std::ofstream(folder / "queue.users") << "ada:" << hash_password("open sesame") << '\n';
  std::ofstream(folder / "daemonz.yml")
      << "queue:\n  users: " << (folder / "queue.users") << "\ndaemons: {}\n";
  RunningServer server({"--config", folder / "daemonz.yml"});
  const QueueName q("q");
  const auto url = [&](const std::string& login) {
    return "memcache://" + login + server.address();
  };
  const auto ada = broker::connect({.url = url("ada:open sesame@")});
  CHECK(ada->push(q, "body", {}).state == broker::PushState::confirmed);
  const auto popped = ada->pop({.queues = {q}});
  REQUIRE(popped.lease);
  CHECK(popped.lease->body == "body");
  for (const auto* login : {"", "ada:wrong@", "eve:open sesame@"}) {
    CAPTURE(login);
    const auto stranger = broker::connect({.url = url(login)});
    const auto result = stranger->push(q, "body", {});
    CHECK(result.state != broker::PushState::confirmed);
    CHECK(result.detail.find("unauthenticated") != std::string::npos);
    CHECK(result.detail.find("sesame") == std::string::npos);
  }
  const auto local = broker::connect({.url = server.unix_url()});
  CHECK(local->push(q, "body", {}).state == broker::PushState::confirmed);
}
