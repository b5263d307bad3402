// Jobs that cannot be done: what is no job, what nobody here knows, what does not fit its queue.
#include <doctest/doctest.h>

#include "base/utf8.h"
#include "processor/processor.h"
#include "workbench.h"

using namespace daemonz;
using namespace daemonz::offline_tasks;
using tests::Workbench;

TEST_CASE("processor: garbage is put aside with a reason, and the processor goes on") {
  Workbench bench;
  bench.task("note", [](Context&) -> Outcome { return Done{}; });
  const std::string large(1'100'000, 'x');
  for (const std::string& bytes :
       {std::string("no JSON"), std::string("\xff\x00\xfe", 3), std::string("[1,2]"), std::string(),
        std::string(R"({"v":1,"task":7})"), std::string(R"({"v":99,"task":"note"})"), large})
    bench.push_bytes("pulls", bytes);
  bench.push(bench.job("note"));
  const auto counts = bench.make().work_off();
  CHECK(counts.succeeded == 1);
  CHECK(counts.failed == 7);
  const auto dead = bench.engine.items("pulls.dead");
  REQUIRE(dead.size() == 7);
  for (std::size_t i = 0; i < 6; ++i) {
    const auto job = bench.waiting("pulls.dead", i);
    CHECK(job.task == "raw");
    CHECK_FALSE(job.errors.at(0).why.empty());
  }
  CHECK(dead[6].body == large);
  CHECK(bench.waiting("pulls.dead").args.at("body") == "no JSON");
}

TEST_CASE("processor: a job that is too large for its errors dies whole") {
  Workbench bench;
  bench.task("shaky", [](Context&) -> Outcome { return Fail{"no receiver"}; });
  std::string bytes = R"({"id":"large","task":"shaky","args":{"text":")";
  bytes += std::string(envelope_size_max.count - bytes.size() - 3, 'x') + "\"}}";
  bench.push_bytes("pulls", bytes);
  CHECK(bench.make().work_off().failed == 1);
  CHECK((bench.engine.items("pulls.dead").at(0).body == bytes));
  const auto row = bench.row("large").value();
  CHECK(row.state == job_table::State::dead);
  CHECK(row.last_error == "too large for a retry: no receiver");
  CHECK((row.envelope == bytes));  // what a retry pushes
}

TEST_CASE("processor: a successor that its queue refuses makes the job dead, not the processor") {
  Workbench bench;
  bench.task("shaky", [](Context&) -> Outcome { return Fail{"no receiver"}; });
  bench.engine.refuse_successors_of("pulls");
  const auto id = bench.push(bench.job("shaky"));
  const auto bytes = bench.engine.items("pulls").at(0).body;
  CHECK(bench.make().work_off().failed == 1);
  CHECK(bench.engine.held_count() == 0);
  CHECK(bench.engine.items("pulls.dead").at(0).body == bytes);
  CHECK(bench.row(id)->last_error == "the queue pulls refused its successor: no receiver");
  CHECK(bench.row(id)->envelope == bytes);
}

TEST_CASE("processor: a handler may say any bytes, people see text") {
  Workbench bench;
  const std::string why = "bad \xff bytes" + std::string(5'000, '.');
  bench.task("fail", [&](Context&) -> Outcome { return Fail{why}; });
  bench.task("kill", [&](Context&) -> Outcome { return Kill{why}; });
  bench.task("again", [&](Context&) -> Outcome { return Again{Milliseconds::max(), why}; });
  bench.task("done", [&](Context& context) -> Outcome {
    context.progress(1, 1, why);
    return Done{json::value("\xff")};
  });
  bench.make();
  for (const std::string task : {"fail", "kill", "again", "done"}) {
    CAPTURE(task);
    auto job = bench.job(task, task);
    job.track = Track::all;
    bench.push(job);
    bench.options.queues = {QueueName(task)};
    CHECK(processor::Processor(bench.options, bench.registry).work_off(1).failed == 1);
    const auto row = bench.row(job.id).value();
    CHECK(is_utf8(row.last_error));
    CHECK(row.last_error.size() <= error_size_max);
    CHECK(is_utf8(row.errors));
    CHECK(is_utf8(row.progress));
    CHECK(row.result.empty());
  }
  CHECK(bench.engine.items("again").at(0).options.delay == span_max);
}

TEST_CASE("processor: bytes that are no envelope go to the task raw where there is one") {
  Workbench bench;
  std::string seen;
  bench.task("raw", [&](Context& context) -> Outcome {
    seen = json::string_of(context.job().args, "body").value();
    return Done{};
  });
  bench.push_bytes("pulls", "work:42");
  CHECK(bench.make().work_off().succeeded == 1);
  CHECK(seen == "work:42");
}

TEST_CASE("processor: an unknown task waits for a processor that knows it, for an hour") {
  Workbench bench;
  bench.push(bench.job("unheard_of"));
  CHECK(bench.make().work_off(1).failed == 1);
  REQUIRE(bench.engine.items("pulls").size() == 1);
  CHECK(bench.engine.items("pulls")[0].options.delay == no_handler_wait);
  CHECK(bench.waiting("pulls").attempt == 0);
}

TEST_CASE("processor: a task that nobody knew for an hour is dead") {
  Workbench bench;
  auto old = bench.job("unheard_of", "pushes");
  old.created -= std::chrono::hours(2);
  bench.push(old);
  CHECK(bench.make().work_off(2).failed == 1);
  REQUIRE(bench.engine.items("pushes.dead").size() == 1);
  CHECK(bench.waiting("pushes.dead").errors.at(0).why.find("unheard_of") != std::string::npos);
}

TEST_CASE("processor: arguments that do not fit are dead at once, an expired job is not started") {
  Workbench bench;
  int runs = 0;
  bench.task("note", [&](Context&) -> Outcome {
    ++runs;
    return Done{};
  });
  auto job = bench.job("note");
  job.expires = real_clock().wall() - Seconds(1);
  bench.push(job);
  CHECK(bench.make().work_off().failed == 1);
  CHECK(runs == 0);
  CHECK(bench.waiting("pulls.dead").errors.at(0).why == "expired before it was started");
}
