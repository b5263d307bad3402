// One list of call sites, and what each strategy makes of it.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "offline_tasks/fake.h"
#include "offline_tasks/push.h"
#include "offline_tasks/registry.h"
#include "offline_tasks/status.h"
#include "sample_tasks.h"

using namespace daemonz;
using namespace std::chrono_literals;
using namespace offline_tasks;

namespace {

struct Connected {
  explicit Connected(ConnectOptions options) {
    options.registry = &registry;
    connect(std::move(options));
  }
  ~Connected() { disconnect(); }
  Registry registry = Registry::of<samples::Tasks>();
};

/// The same calls whatever the strategy; the ids of what was pushed.
std::vector<JobId> call_sites() {
  std::vector<JobId> ids;
  ids.push_back(push_pull(samples::Echo{1, "pull"}).id());
  ids.push_back(samples::Tasks::push_push(samples::Echo{2, "push"}, {.unique_key = "k"}).id());
  ids.push_back(push_push("echo", {{"number", 3}}).id());
  for (auto& id : push_many(std::vector<samples::Echo>{{4, "a"}, {5, "b"}})) ids.push_back(id);
  ids.push_back(push_push(samples::Chain{}).id());
  return ids;
}

template <class Call>
std::string fault_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("offline_tasks: inline, async and fake do the same at the same call sites") {
  for (const auto strategy : {Strategy::in_call, Strategy::async, Strategy::fake}) {
    CAPTURE(to_string(strategy));
    const Connected connected({.strategy = strategy, .threads = 2});
    const auto ids = call_sites();
    if (strategy == Strategy::fake) CHECK(fake().drain().succeeded == 7);  // Chain pushed one more
    for (const auto& id : ids) {
      const auto status = wait(id, 5s);
      CHECK(status.state == JobState::done);
      CHECK(status.attempts == 1);
    }
    CHECK(wait(ids[0], 0s).result == json::parse(R"({"number":1,"text":"pull"})"));
    CHECK(wait(ids[2], 0s).result == json::parse(R"({"number":3,"text":""})"));
    const std::string further(wait(ids[5], 0s).result.as_string());
    CHECK(wait(further, 5s).state == JobState::done);
  }
}

TEST_CASE("offline_tasks: the strategy is a value, and says who took the job") {
  for (const auto strategy : {Strategy::in_call, Strategy::async, Strategy::fake}) {
    CHECK(parse_strategy(to_string(strategy)) == strategy);
    const Connected connected({.strategy = strategy});
    CHECK(std::get<Pushed>(push_push(samples::Echo{}).value()).taken_by == to_string(strategy));
  }
  CHECK(parse_strategy("http") == Strategy::http);
  CHECK_FALSE(parse_strategy("telepathy"));
  CHECK(fault_of([] { connect({.strategy = Strategy::async}); }).find("needs a registry") !=
        std::string::npos);
}

TEST_CASE("offline_tasks: fake records tasks in order, as they come back from JSON") {
  const Connected connected({.strategy = Strategy::fake});
  call_sites();
  const auto echoes = fake().pushed<samples::Echo>();
  REQUIRE(echoes.size() == 5);
  CHECK(echoes[0].text == "pull");
  CHECK(echoes[2].number == 3);
  CHECK(fake().pushed<samples::End>().empty());
  CHECK(fake().jobs()[0].queue == "pulls");
  CHECK(fake().jobs()[1].queue == "echoes");
  CHECK(fake().jobs()[5].task == "chain");
  CHECK(push_push(samples::Echo{}, {.unique_key = "k"}).is_duplicate());
  fake().drain();
  CHECK_FALSE(push_push(samples::Echo{}, {.unique_key = "k"}).is_duplicate());
  fake().clear();
  CHECK(fake().jobs().empty());
}

TEST_CASE("offline_tasks: fake fails the next push on demand, and only that") {
  const Connected connected({.strategy = Strategy::fake});
  fake().fail_next("no network");
  CHECK(fault_of([] { push_push(samples::Echo{}); }).find("no network") != std::string::npos);
  CHECK(fake().jobs().empty());
  push_push(samples::Echo{});
  CHECK(fake().jobs().size() == 1);
}

TEST_CASE("offline_tasks: delays, retries and expiries go by the fake's clock") {
  const Connected connected({.strategy = Strategy::fake});
  push_push(samples::Echo{1, "later"}, {.delay = 1h});
  CHECK(fake().drain().succeeded == 0);
  fake().advance(59min);
  CHECK(fake().drain().succeeded == 0);
  fake().advance(1min);
  CHECK(fake().drain().succeeded == 1);

  const auto failing = push_push(samples::End{"fail"}, {.max_attempts = 2, .backoff = {{10s}}});
  CHECK(fake().drain().failed == 1);
  CHECK(status(failing.id()).state == JobState::retrying);
  CHECK(fake().drain().failed == 0);
  fake().advance(10s);
  CHECK(fake().drain().failed == 1);
  CHECK(status(failing.id()).state == JobState::dead);
  CHECK(status(failing.id()).attempts == 2);
  CHECK(status(failing.id()).last_error == "it failed");

  const auto old = push_push(samples::Echo{}, {.expires_in = 1min});
  fake().advance(2min);
  CHECK(fake().drain().failed == 1);
  CHECK(status(old.id()).last_error.find("expired") != std::string::npos);

  const auto again = push_push(samples::End{"again"});
  CHECK(fake().drain().failed == 1);  // not for ever
  CHECK(status(again.id()).state == JobState::retrying);
}

TEST_CASE("offline_tasks: drain takes pulls first, then by priority, then by age") {
  const Connected connected({.strategy = Strategy::fake});
  std::vector<std::int64_t> order;
  Registry registry = Registry::of<samples::Tasks>();
  registry.around([&](Context& context, const auto& next) {
    order.push_back(context.job().args.at("number").as_int64());
    return next();
  });
  connect({.strategy = Strategy::fake, .registry = &registry});
  push_push(samples::Echo{3, ""});
  push_push(samples::Echo{2, ""}, {.priority = Priority{0}});
  push_push(samples::Echo{4, ""});
  push_pull(samples::Echo{1, ""});
  fake().drain();
  CHECK(order == std::vector<std::int64_t>{1, 2, 3, 4});
  disconnect();
}

TEST_CASE(
    "offline_tasks: async retries, holds unique keys while a job lives, and joins at the end") {
  std::atomic<int> begun = 0, stopped = 0;
  std::atomic<bool> may_end = false;
  Registry registry;
  registry.add("slow", {}, [&](Context& context) -> Outcome {
    ++begun;
    begun.notify_all();
    while (!context.stop_requested() && !may_end) std::this_thread::yield();
    stopped += context.stop_requested();
    return Done{};
  });
  registry.add("twice", {}, [&](Context& context) -> Outcome {
    if (context.job().attempt == 0) return Fail{"first"};
    return Done{json::value(context.job().errors.at(0).why)};
  });
  connect({.strategy = Strategy::async, .threads = 2, .registry = &registry});
  const auto slow = push_push("slow", {}, {.unique_key = "one"});
  begun.wait(0);
  CHECK(push_push("slow", {}, {.unique_key = "one"}).is_duplicate());
  CHECK(status(slow.id()).state == JobState::running);
  const auto twice = push_push("twice", {}, {.backoff = {{1ms}}});
  CHECK(wait(twice.id(), 5s).result == "first");
  may_end = true;
  CHECK(wait(slow.id(), 5s).state == JobState::done);
  may_end = false;
  push_push("slow", {}, {.unique_key = "one"});
  push_push("slow", {}, {.delay = 1h});
  begun.wait(1);
  disconnect();  // does not hang: the handler is asked to stop, the delayed job is dropped
  CHECK(begun == 2);
  CHECK(stopped == 1);
}

TEST_CASE("offline_tasks: a forked child of an async process is told to connect again") {
  const Connected connected({.strategy = Strategy::async});
  const pid_t child = ::fork();
  if (child == 0) {
    const auto said = fault_of([] { push_push(samples::Echo{}); });
    disconnect();  // must not wait for threads that are not here
    ::_exit(said.find("connect() again") != std::string::npos ? 0 : 1);
  }
  int status = 1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("offline_tasks: middleware of the push changes or refuses a job before it is signed") {
  const Signing signing{.keys = {{"k", std::string(32, 'a')}}, .sign_with = "k"};
  const PushMiddleware adds = [](Envelope& job) { job.context["trace"] = "t1"; };
  const PushMiddleware refuses = [](Envelope& job) {
    if (job.args.contains("how")) throw Error("no ends on Sundays");
  };
  const Connected connected(
      {.strategy = Strategy::fake, .signing = signing, .middleware = {adds, refuses}});
  push_many(std::vector<samples::Echo>{{1, "a"}, {2, "b"}});
  for (const auto& job : fake().jobs()) {
    CHECK(job.context.at("trace") == "t1");
    CHECK_FALSE(refusal_of(job.encode(), signing, fake().clock().wall()));
  }
  CHECK(fault_of([] { push_push(samples::End{"fail"}); }) == "no ends on Sundays");
  CHECK(fake().jobs().size() == 2);
}

TEST_CASE("offline_tasks: middleware around the handlers sees context and outcome, in order") {
  std::string seen;
  Connected connected({.strategy = Strategy::fake});
  connected.registry.around([&](Context& context, const auto& next) -> Outcome {
    seen += "a(" + std::string(context.job().context.at("locale").as_string());
    auto outcome = next();
    seen += ")";
    return std::holds_alternative<Fail>(outcome) ? Outcome(Kill{"not twice"}) : outcome;
  });
  connected.registry.around([&](Context&, const auto& next) {
    seen += "b";
    return next();
  });
  const auto job = push_push(samples::End{"fail"}, {.context = {{"locale", "de"}}});
  fake().drain();
  CHECK(seen == "a(deb)");
  CHECK(status(job.id()).state == JobState::dead);
}

TEST_CASE("offline_tasks: a handler knows whose session pushed its job, until that ends") {
  std::vector<std::optional<std::string>> users;
  Connected connected({.strategy = Strategy::fake,
                       .signing = {.keys = {{"k", std::string(32, 'a')}}, .sign_with = "k"}});
  connected.registry.around([&](Context& context, const auto& next) {
    users.push_back(session_subject(context.job().context));
    return next();
  });
  const Options as_ada{.context = {{"session", session_token("ada", 1h)}}};
  push_push(samples::Echo{}, as_ada);
  push_push(samples::Echo{});
  fake().drain();
  fake().advance(2h);
  push_push(samples::Echo{}, as_ada);
  fake().drain();
  CHECK(users == std::vector<std::optional<std::string>>{"ada", std::nullopt, std::nullopt});
}

TEST_CASE("offline_tasks: routes send tasks to queues by their names") {
  const Connected connected({.strategy = Strategy::fake,
                             .tasks = {{"echo", {.queue = "of_yml", .max_attempts = 7}}},
                             .routes = {{"ec*", "loud"}, {"*", "rest"}}});
  push_push(samples::Echo{});
  push_push(samples::End{"fail"});
  push_push(samples::Echo{}, {.queue = "mine"});
  push_pull(samples::Echo{});
  CHECK(fake().jobs()[0].queue == "loud");
  CHECK(fake().jobs()[0].max_attempts == 7);
  CHECK(fake().jobs()[1].queue == "rest");
  CHECK(fake().jobs()[2].queue == "mine");
  CHECK(fake().jobs()[3].queue == "pulls");
  CHECK(fault_of([] { connect({.routes = {{"*", "a b"}}}); }).find("route *") != std::string::npos);
}

TEST_CASE("offline_tasks: a follow-up task is pushed when its job is done, not when it fails") {
  const Connected connected({.strategy = Strategy::fake});
  const OnDone next{.task = "echo", .args = {{"number", 9}}, .queue = "after"};
  push_push(samples::End{""}, {.on_done = {{next}}});
  push_push(samples::End{"kill"}, {.on_done = {{next}}});
  fake().drain();
  const auto echoes = fake().pushed<samples::Echo>();
  REQUIRE(echoes.size() == 1);
  CHECK(echoes[0].number == 9);
  CHECK(fake().jobs()[2].queue == "after");
}

TEST_CASE("offline_tasks: the fallback inline performs, discard drops, and the push tells it") {
  const std::string nowhere = "memcache+unix:///nowhere/queue.sock";
  const auto taken_by = [&](std::vector<Fallback> chain) {
    const Connected connected({.broker = nowhere, .deadline = 20ms, .fallback = std::move(chain)});
    const auto answer = push_push(samples::Echo{7, "x"});
    if (std::get<Pushed>(answer.value()).taken_by == "inline")
      CHECK(status(answer.id()).result.at("number") == 7);
    return std::get<Pushed>(answer.value()).taken_by;
  };
  CHECK(taken_by({Fallback::queue, Fallback::in_call, Fallback::discard}) == "inline");
  CHECK(taken_by({Fallback::queue, Fallback::discard}) == "discard");
  CHECK(fault_of([&] { taken_by({Fallback::queue}); }).find("not pushed: no connection") !=
        std::string::npos);
  CHECK(fault_of([] {
          connect({.fallback = {Fallback::queue, Fallback::in_call}});
        }).find("fallback inline needs a registry") != std::string::npos);
  CHECK(fault_of([] { connect({.fallback = {}}); }).find("empty fallback chain") !=
        std::string::npos);
}
