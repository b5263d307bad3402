#include <doctest/doctest.h>

#include "offline_tasks/push.h"
#include "offline_tasks/registry.h"
#include "offline_tasks/status.h"
#include "sample_tasks.h"

using namespace daemonz;
using namespace std::chrono_literals;
using namespace offline_tasks;

namespace {

struct Inline {
  Inline() {
    connect({.strategy = Strategy::in_call,
             .tasks = {{"echo", {.max_attempts = 9, .timeout = 7s}}},
             .registry = &registry});
  }
  ~Inline() { disconnect(); }
  Registry registry = Registry::of<samples::Tasks>();
};

}  // namespace

TEST_CASE("offline_tasks: inline performs the job in the call, after a round trip through JSON") {
  Inline connected;
  const auto answer = push_pull(samples::Echo{42, "c++"});
  CHECK(std::get<Pushed>(answer.value()).taken_by == "inline");
  const auto status = wait(answer.id(), 1s);
  CHECK(status.state == JobState::done);
  CHECK(status.result == json::parse(R"({"number":42,"text":"c++"})"));
  CHECK(offline_tasks::status("nobody").state == JobState::unknown);
}

TEST_CASE("offline_tasks: by name and by type are the same push") {
  Inline connected;
  const auto by_name = push_push("echo", {{"number", 5}});
  CHECK(wait(by_name.id(), 1s).result == json::parse(R"({"number":5,"text":""})"));
  CHECK_THROWS_WITH_AS(push_push("echo", {{"number", "five"}}),
                       doctest::Contains("argument \"number\""), Error);
  CHECK_THROWS_WITH_AS(push_push("nothing", {}), doctest::Contains("no handler for the task"),
                       Error);
  CHECK_THROWS_WITH_AS(push_push("a b", {}), doctest::Contains("not a task name"), Error);
}

TEST_CASE("offline_tasks: inline lets exceptions and failures out of the push") {
  Inline connected;
  CHECK_THROWS_AS(push_push(samples::End{"throw"}), std::out_of_range);
  CHECK_THROWS_WITH_AS(push_push(samples::End{"fail"}), doctest::Contains("failed: it failed"),
                       Error);
  CHECK_THROWS_WITH_AS(push_push(samples::End{"kill"}), doctest::Contains("killed: too large"),
                       Error);
  CHECK_THROWS_WITH_AS(push_push(samples::End{"again"}), doctest::Contains("not yet"), Error);
}

TEST_CASE("offline_tasks: a task pushes further tasks") {
  Inline connected;
  const auto chain = samples::Tasks::push_push(samples::Chain{});
  const std::string further(wait(chain.id(), 1s).result.as_string());
  CHECK(wait(further, 1s).result.as_object().at("text") == "chained");
}

TEST_CASE("offline_tasks: push_many runs each, under ids of their own") {
  Inline connected;
  const auto ids = push_many(std::vector<samples::Echo>{{1, "a"}, {2, "b"}});
  REQUIRE(ids.size() == 2);
  CHECK(ids[0] < ids[1]);
  CHECK(wait(ids[1], 1s).result.as_object().at("number") == 2);
  CHECK(push_many(std::vector<samples::Echo>{}).empty());
  CHECK_THROWS_WITH_AS(push_many(std::vector<samples::Echo>{{}}, {.unique_key = "k"}),
                       doctest::Contains("unique"), Error);
}

TEST_CASE(
    "offline_tasks: options merge: call site, then daemonz.yml, then the task, then built in") {
  Inline connected;
  const auto now = real_clock().wall();
  const PushRequest request{
      Direction::push, "echo", {}, {.timeout = 1s, .unique_key = "k"}, samples::Echo::defaults()};
  const auto job = make_envelope(request, now);
  CHECK(job.timeout == 1s);      // call site
  CHECK(job.max_attempts == 9);  // daemonz.yml
  CHECK(job.queue == "echoes");  // task
  CHECK(job.priority == priority_default);
  CHECK(job.unique_key() == "k");
  CHECK(job.track == Track::failures);
}

TEST_CASE("offline_tasks: push_pull goes onto pulls and is tracked, whatever queue the task has") {
  const auto now = real_clock().wall();
  PushRequest request{
      Direction::pull, "echo", {}, {.delay = 5s, .expires_in = 1min}, samples::Echo::defaults()};
  auto job = make_envelope(request, now);
  CHECK(job.queue == "pulls");
  CHECK(job.track == Track::all);
  CHECK(job.run_at == now + 5s);
  CHECK(job.expires == now + 1min);
  request.call_site.queue = "mine";
  CHECK(make_envelope(request, now).queue == "mine");
  request.direction = Direction::push;
  request.call_site.queue.reset();
  request.task_defaults.queue.reset();
  CHECK(make_envelope(request, now).queue == "pushes");
}

TEST_CASE("offline_tasks: a push before connect, and a connect that cannot work, say what to do") {
  disconnect();
  CHECK_THROWS_WITH_AS(push_push(samples::Echo{}), doctest::Contains("connect("), Error);
  CHECK_THROWS_WITH_AS(connect({.strategy = Strategy::in_call}), doctest::Contains("registry"),
                       Error);
  CHECK_THROWS_WITH_AS(connect({.broker = "redis://x"}), doctest::Contains("memcache://HOST:PORT"),
                       Error);
  CHECK_THROWS_WITH_AS(connect({.tasks = {{"echo", {.priority = Priority{77}}}}}),
                       doctest::Contains("task echo: option \"priority\""), Error);
}
