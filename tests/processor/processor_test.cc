#include "processor/processor.h"

#include <doctest/doctest.h>

#include "job_table/fence.h"
#include "workbench.h"

using namespace daemonz;
using namespace daemonz::offline_tasks;
using daemonz::processor::Counts;
using tests::Workbench;

TEST_CASE("processor: a job is acknowledged after its handler, not before") {
  Workbench bench;
  std::size_t held_inside = 0;
  bench.task("note", [&](Context&) -> Outcome {
    held_inside = bench.engine.held_count();
    return Done{};
  });
  bench.push(bench.job("note"));
  const auto counts = bench.make().work_off();
  CHECK(counts.succeeded == 1);
  CHECK(counts.failed == 0);
  CHECK(held_inside == 1);
  CHECK(bench.engine.held_count() == 0);
  CHECK(bench.engine.items("pulls").empty());
}

TEST_CASE("processor: queues are served in the order given") {
  Workbench bench;
  std::vector<std::string> order;
  bench.task("note", [&](Context& context) -> Outcome {
    order.push_back(context.job().queue);
    return Done{};
  });
  for (const auto* queue : {"pushes", "pulls", "pushes", "pulls"})
    bench.push(bench.job("note", queue));
  CHECK(bench.make().work_off().succeeded == 4);
  CHECK(order == std::vector<std::string>{"pulls", "pulls", "pushes", "pushes"});
}

TEST_CASE("processor: work_off stops at its limit") {
  Workbench bench;
  bench.task("note", [](Context&) -> Outcome { return Done{}; });
  for (int i = 0; i < 5; ++i) bench.push(bench.job("note"));
  CHECK(bench.make().work_off(3).succeeded == 3);
  CHECK(bench.engine.items("pulls").size() == 2);
}

TEST_CASE("processor: a failed attempt leaves a successor with its error and a delay") {
  Workbench bench;
  bench.task("shaky", [](Context&) -> Outcome { throw std::runtime_error("no receiver"); });
  const auto id = bench.push(bench.job("shaky", "pushes"));
  CHECK(bench.make().work_off(1).failed == 1);
  REQUIRE(bench.engine.items("pushes").size() == 1);
  const auto item = bench.engine.items("pushes")[0];
  CHECK(item.options.delay >= Milliseconds(15'000));
  CHECK(item.options.delay <= Milliseconds(26'000));
  const auto successor = bench.waiting("pushes");
  CHECK(successor.id == id);
  CHECK(successor.attempt == 1);
  REQUIRE(successor.errors.size() == 1);
  CHECK(successor.errors[0].why.find("no receiver") != std::string::npos);
  const auto row = bench.row(id).value();
  CHECK(row.state == job_table::State::retrying);
  CHECK(row.attempts == 1);
  CHECK(row.last_error.find("no receiver") != std::string::npos);
}

TEST_CASE("processor: a task's own backoff beats the stock one") {
  Workbench bench;
  bench.task("shaky", [](Context&) -> Outcome { return Fail{"x"}; });
  auto job = bench.job("shaky");
  job.backoff = {Milliseconds(70)};
  bench.push(job);
  CHECK(bench.make().work_off(1).failed == 1);
  CHECK(bench.engine.items("pulls").at(0).options.delay == Milliseconds(70));
}

TEST_CASE("processor: a job whose attempts are used up is dead, with its reason") {
  Workbench bench;
  bench.task("hopeless", [](Context&) -> Outcome { return Fail{"never works"}; });
  const auto id =
      bench.push(bench.job("hopeless", "pushes"));  // the double does not wait out delays
  const auto counts = bench.make().work_off();
  CHECK(counts.failed == 3);
  CHECK(bench.engine.items("pushes").empty());
  REQUIRE(bench.engine.items("pushes.dead").size() == 1);
  const auto dead = bench.waiting("pushes.dead");
  CHECK(dead.id == id);
  CHECK(dead.errors.size() == 3);
  CHECK(dead.errors.back().why == "never works");
  const auto row = bench.row(id).value();
  CHECK(row.state == job_table::State::dead);
  CHECK(row.attempts == 3);
  CHECK(json::parse(row.errors).as_array().size() == 3);
  CHECK(Envelope::decode(row.envelope)->id == id);
}

TEST_CASE("processor: Kill is dead at once, Again costs no attempt") {
  Workbench bench;
  int again = 0;
  bench.task("kill", [](Context&) -> Outcome { return Kill{"the picture is too large"}; });
  bench.task("again", [&](Context&) -> Outcome {
    if (++again < 6) return Again{Milliseconds(10), "not yet"};
    return Done{};
  });
  bench.push(bench.job("kill"));
  bench.push(bench.job("again"));
  const auto counts = bench.make().work_off();
  CHECK(counts.succeeded == 1);
  CHECK(again == 6);
  REQUIRE(bench.engine.items("pulls.dead").size() == 1);
  CHECK(bench.waiting("pulls.dead").errors.at(0).why == "the picture is too large");
}

TEST_CASE("processor: a tracked job's way stands in the job table, with progress and result") {
  Workbench bench;
  std::string state_inside;
  auto job = bench.job("count");
  job.track = Track::all;
  bench.task("count", [&](Context& context) -> Outcome {
    context.progress(3, 3, "counted");
    state_inside = job_table::to_string(bench.row(job.id)->state);
    return Done{json::object{{"sum", 42}}};
  });
  bench.push(job);
  CHECK(bench.make().work_off().succeeded == 1);
  CHECK(state_inside == "running");
  const auto row = bench.row(job.id).value();
  CHECK(row.state == job_table::State::done);
  CHECK(json::parse(row.result).at("sum") == 42);
  CHECK(json::parse(row.progress).at("note") == "counted");
}

TEST_CASE("processor: a job that just works writes nothing into the database") {
  Workbench bench;
  bench.task("note", [](Context&) -> Outcome { return Done{}; });
  const auto id = bench.push(bench.job("note"));
  CHECK(bench.make().work_off().succeeded == 1);
  CHECK_FALSE(bench.row(id));
}

TEST_CASE("processor: a job that was done before its acknowledgement is acknowledged unrun") {
  Workbench bench;
  int runs = 0;
  for (const auto track : {Track::all, Track::failures}) {
    CAPTURE(to_string(track));
    bench.registry = Registry();
    runs = 0;
    bench.task("pay", [&](Context& context) -> Outcome {
      ++runs;
      context.transaction([](db::Connection& inside) {
        inside.execute("CREATE TABLE IF NOT EXISTS paid (a)");
        inside.execute("INSERT INTO paid VALUES (1)");
      });
      return Done{};
    });
    auto job = bench.job("pay");
    job.track = track;
    bench.push(job);
    bench.push(job);  // the same delivery again, as after a crash between effect and ack
    CHECK(bench.make().work_off().succeeded == 2);
    CHECK(runs == 1);
    CHECK(bench.engine.held_count() == 0);
    CHECK(bench.engine.items("pulls").empty());
  }
}

TEST_CASE("processor: a cancelled job is acknowledged unrun") {
  Workbench bench;
  int runs = 0;
  bench.task("note", [&](Context&) -> Outcome {
    ++runs;
    return Done{};
  });
  auto job = bench.job("note");
  job.track = Track::all;
  auto& made = bench.make();
  const auto connection = db::connect(bench.database);
  job_table::Table table(*connection);
  table.record_pushed({.id = job.id, .task = "note", .queue = "pulls", .handler = "{}"});
  REQUIRE(table.record_cancelled(job.id));
  bench.push(job);
  CHECK(made.work_off().succeeded == 1);
  CHECK(runs == 0);
  CHECK(bench.row(job.id)->state == job_table::State::cancelled);
}

TEST_CASE("processor: who lost the lease is told, and can neither acknowledge nor report") {
  Workbench bench;
  auto job = bench.job("long");
  job.track = Track::all;
  bool was_told = false;
  bench.task("long", [&](Context& context) -> Outcome {
    bench.engine.lapse_all();
    {  // the other one takes it and reports with a higher token
      const auto connection = db::connect(bench.database);
      job_table::Table(*connection)
          .record_started({.id = job.id, .task = "long", .queue = "pulls", .handler = "{}"},
                          job_table::make_token(0, 9), 1, "other");
    }
    was_told = bench.engine.wait_until([&] { return context.stop_requested(); });
    return Done{"mine"};
  });
  bench.push(job);
  CHECK(bench.make().work_off(1).failed == 1);
  CHECK(was_told);
  CHECK(bench.engine.items("pulls").size() == 1);
  CHECK(bench.row(job.id)->state == job_table::State::running);
  CHECK(bench.row(job.id)->locked_by == "other");
}

TEST_CASE("processor: a superseded transaction drops the attempt") {
  Workbench bench;
  const auto job = bench.job("pay");
  bench.task("pay", [&](Context& context) -> Outcome {
    const auto other = db::connect(bench.database);
    other->transaction([&](db::Connection& inside) {
      REQUIRE(job_table::enter_fence(inside, job.id, job_table::make_token(0, 99)) ==
              job_table::Fence::open);
    });
    context.transaction([](db::Connection&) { FAIL("ran with a lower token"); });
    return Done{};
  });
  bench.push(job);
  CHECK(bench.make().work_off(1).failed == 1);
  CHECK(bench.engine.items("pulls").size() == 1);
  CHECK(bench.waiting("pulls").attempt == 0);
}

TEST_CASE("processor: an acknowledgement without an answer is repeated, gone then means done") {
  Workbench bench;
  bench.task("note", [&](Context&) -> Outcome {
    bench.engine.answer_settles_with(broker::Settled::unknown);
    return Done{};
  });
  bench.push(bench.job("note"));
  auto& made = bench.make();
  std::thread later([&] {
    const auto pops = bench.engine.extensions();
    CHECK(bench.engine.wait_until([&] { return bench.engine.extensions() > pops + 2; }));
    bench.engine.answer_settles_with(std::nullopt);
  });
  CHECK(made.work_off(1).succeeded == 1);
  later.join();
  CHECK(bench.engine.held_count() == 0);
}

TEST_CASE("processor: the heartbeat keeps the leases of long jobs") {
  Workbench bench;
  bool was_touched = false;
  bench.task("long", [&](Context& context) -> Outcome {
    const auto before = bench.engine.extensions();
    was_touched = bench.engine.wait_until([&] { return bench.engine.extensions() >= before + 3; });
    return context.stop_requested() ? Outcome(Fail{"told to stop"}) : Outcome(Done{});
  });
  bench.push(bench.job("long"));
  CHECK(bench.make().work_off().succeeded == 1);
  CHECK(was_touched);
}

TEST_CASE("processor: a soft time limit asks the handler to stop") {
  Workbench bench;
  auto job = bench.job("long");
  job.timeout = Milliseconds(30);
  bench.task("long", [&](Context& context) -> Outcome {
    if (bench.engine.wait_until([&] { return context.stop_requested(); }))
      return Fail{"time is up"};
    return Done{};
  });
  bench.push(job);
  CHECK(bench.make().work_off(1).failed == 1);
  CHECK(bench.waiting("pulls").errors.at(0).why == "time is up");
}

TEST_CASE("processor: handlers push further jobs, and use what main lent") {
  Workbench bench;
  std::string mailer = "a mailer";
  Services services;
  services.lend(mailer);
  bench.task("first", [&](Context& context) -> Outcome {
    CHECK(context.use<std::string>() == "a mailer");
    context.push(bench.job("second", "pushes"));
    return Done{};
  });
  bench.task("second", [](Context&) -> Outcome { return Done{}; });
  bench.push(bench.job("first"));
  processor::Processor made(bench.options, bench.registry, {services});
  made.connect();
  CHECK(made.work_off().succeeded == 2);
}

TEST_CASE("processor: reserve, perform and settle for a worker of one's own") {
  Workbench bench;
  bench.task("note", [](Context&) -> Outcome { return Done{}; });
  const auto id = bench.push(bench.job("note"));
  auto& made = bench.make();
  const auto reserved = made.reserve(Milliseconds(10));
  REQUIRE(reserved);
  CHECK(reserved->job.id == id);
  CHECK(bench.engine.held_count() == 1);
  CHECK(made.settle(*reserved, made.perform(*reserved)));
  CHECK_FALSE(made.settle(*reserved, Done{}));
  CHECK_FALSE(made.reserve(Milliseconds(0)));
}

TEST_CASE("processor: options that cannot work are refused with their name") {
  Workbench bench;
  const auto refused = [&](auto change, const char* text) {
    auto options = bench.options;
    change(options);
    CHECK_THROWS_WITH_AS(processor::Processor(options, bench.registry), doctest::Contains(text),
                         Error);
  };
  refused([](auto& o) { o.queues.clear(); }, "no queue");
  refused([](auto& o) { o.queues = {QueueName("pulls.dead")}; }, "given up");
  refused([](auto& o) { o.queues = {QueueName(std::string(56, 'q'))}; }, "too long for jobs");
  refused(
      [](auto& o) {
        o.queues.clear();
        for (const char letter : {'a', 'b', 'c', 'd'})
          o.queues.emplace_back(std::string(50, letter));
      },
      "Name fewer queues");
  refused([](auto& o) { o.database = "nonsense"; }, "not a database URL");
  refused([](auto& o) { o.broker = "foo://x", o.connect_broker = nullptr; }, "foo://x");
  refused([](auto& o) { o.threads = 0; }, "0 threads");
  refused([](auto& o) { o.heartbeat = o.lease; }, "cannot keep a lease");
  refused([](auto& o) { o.priority_min = Priority{5}, o.priority_max = Priority{4}; }, "worst");
}
