#include "offline_tasks/registry.h"

#include <doctest/doctest.h>

#include "sample_tasks.h"

using namespace daemonz;
using namespace std::chrono_literals;
using namespace offline_tasks;

namespace {

Envelope job_of(std::string_view task, json::object args) {
  Envelope job;
  job.id = new_job_id();
  job.task = task;
  job.args = std::move(args);
  job.created = real_clock().wall();
  return job;
}

Outcome outcome_of(std::string_view task, json::object args, Milliseconds age = 0ms) {
  const auto registry = Registry::of<samples::Tasks>();
  Context context({.job = job_of(task, std::move(args))});
  return registry.dispatch(context, real_clock().wall() + age);
}

template <class Kind>
std::string why_of(const Outcome& outcome) {
  const auto* kind = std::get_if<Kind>(&outcome);
  return kind ? kind->why : "(another outcome)";
}

}  // namespace

TEST_CASE("offline_tasks: a job is performed by the task of its name, with its arguments") {
  const auto outcome = outcome_of("echo", {{"number", 7}, {"text", "x"}});
  REQUIRE(std::holds_alternative<Done>(outcome));
  CHECK(std::get<Done>(outcome).result == json::parse(R"({"number":7,"text":"x"})"));
}

TEST_CASE("offline_tasks: what a handler says or throws becomes an outcome") {
  CHECK(why_of<Fail>(outcome_of("end", {{"how", "fail"}})) == "it failed");
  CHECK(why_of<Kill>(outcome_of("end", {{"how", "kill"}})) == "too large");
  CHECK(std::get<Again>(outcome_of("end", {{"how", "again"}})).in == 3s);
  CHECK(why_of<Fail>(outcome_of("end", {{"how", "throw"}})) == "std::out_of_range: index 9");
  CHECK(why_of<Fail>(outcome_of("end", {{"how", "throw an int"}})) ==
        "an exception that is no std::exception");
  CHECK_THROWS_AS((void)outcome_of("end", {{"how", "superseded"}}), Superseded);
}

TEST_CASE("offline_tasks: arguments that do not fit kill the job, since they never will") {
  CHECK(why_of<Kill>(outcome_of("echo", {{"number", "seven"}})).find("argument \"number\"") !=
        std::string::npos);
}

TEST_CASE("offline_tasks: an unknown task waits for a processor that knows it, for an hour") {
  CHECK(why_of<Again>(outcome_of("of_tomorrow", {})) == "no_handler");
  CHECK(why_of<Again>(outcome_of("of_tomorrow", {}, 59min)) == "no_handler");
  CHECK(why_of<Kill>(outcome_of("of_tomorrow", {}, 61min)).find("\"of_tomorrow\"") !=
        std::string::npos);
  CHECK(why_of<Kill>(outcome_of("raw", {})).find("no envelope") != std::string::npos);
}

TEST_CASE("offline_tasks: tasks that are no structs are added by name, once") {
  auto registry = Registry::of<samples::Tasks>();
  registry.add("raw", {.max_attempts = 1},
               [](Context& context) -> Outcome { return Done{context.job().args.at("body")}; });
  Context context({.job = raw_job("bytes", QueueName("q"), real_clock().wall())});
  CHECK(std::get<Done>(registry.dispatch(context)).result == "bytes");
  CHECK(registry.knows("raw"));
  CHECK(registry.defaults("raw").max_attempts == 1);
  CHECK(registry.defaults("echo").max_attempts == 3);
  CHECK_THROWS_WITH_AS(registry.add("echo", {}, {}), doctest::Contains("two tasks"), Error);
  CHECK_THROWS_WITH_AS(registry.add("a b", {}, {}), doctest::Contains("not a task name"), Error);
}
