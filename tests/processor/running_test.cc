#include <doctest/doctest.h>

#include <filesystem>

#include "processor/processor.h"
#include "workbench.h"

using namespace daemonz;
using namespace daemonz::offline_tasks;
using tests::Workbench;

TEST_CASE("processor: threads work side by side until they are stopped") {
  Workbench bench;
  bench.options.threads = 3;
  std::atomic<int> inside{0}, done{0};
  bench.task("meet", [&](Context&) -> Outcome {
    ++inside;
    if (!bench.engine.wait_until([&] { return inside >= 3; })) return Fail{"alone"};
    ++done;
    return Done{};
  });
  for (int i = 0; i < 3; ++i) bench.push(bench.job("meet"));
  bench.start();
  CHECK(bench.engine.wait_until([&] { return done == 3 && bench.engine.held_count() == 0; }));
  bench.finish();
  CHECK(bench.ended == processor::Ended::finished);
}

TEST_CASE("processor: stop ends a waiting pop at once") {
  Workbench bench;
  bench.options.pop_wait = Milliseconds(30'000);
  bench.start();
  REQUIRE(bench.engine.wait_until([&] { return bench.engine.pops() > 0; }));
  const auto start = real_clock().steady();
  bench.finish();
  CHECK(real_clock().steady() - start < Seconds(3));
}

TEST_CASE("processor: a job handed over in the instant of the stop is not counted as delivered") {
  for (int i = 0; i < 40; ++i) {
    Workbench bench;
    bench.options.database.clear();
    bench.options.pop_wait = Milliseconds(100);
    std::atomic<bool> has_run{false};
    bench.task("note", [&](Context&) -> Outcome {
      has_run = true;
      return Done{};
    });
    bench.start();
    REQUIRE(bench.engine.wait_until([&] { return bench.engine.pops() > 0; }));
    if (i % 2 == 0) {
      bench.push(bench.job("note"));
      bench.made->stop();
    } else {
      bench.made->stop();
      bench.push(bench.job("note"));
    }
    bench.finish();
    const auto left = bench.engine.items("pulls");
    if (has_run)
      CHECK(left.empty());
    else
      CHECK(left.at(0).deliveries == 0);
  }
}

TEST_CASE("processor: tables of a newer program end it, they are not waited for") {
  Workbench bench;
  bench.make();
  db::connect(bench.database)->execute("UPDATE daemonz_schema SET version = 99");
  CHECK_THROWS_WITH_AS(processor::Processor(bench.options, bench.registry).run(),
                       doctest::Contains("of version 99"), Error);
}

TEST_CASE("processor: stop lets the running job finish and takes no other") {
  Workbench bench;
  std::atomic<bool> is_inside{false};
  bench.task("long", [&](Context& context) -> Outcome {
    is_inside = true;
    if (!bench.engine.wait_until([&] { return context.stop_requested(); })) return Fail{"not told"};
    return Done{};
  });
  bench.push(bench.job("long"));
  bench.push(bench.job("long"));
  bench.start();
  REQUIRE(bench.engine.wait_until([&] { return is_inside.load(); }));
  bench.finish();
  CHECK(bench.ended == processor::Ended::finished);
  CHECK(bench.engine.items("pulls").size() == 1);
  CHECK(bench.engine.items("pulls")[0].deliveries == 0);
  CHECK(bench.engine.held_count() == 0);
}

TEST_CASE("processor: what is not done in time is handed back uncounted") {
  Workbench bench;
  std::atomic<bool> is_inside{false}, may_end{false};
  bench.task("stubborn", [&](Context&) -> Outcome {
    is_inside = true;
    (void)bench.engine.wait_until([&] { return may_end.load(); });
    return Done{};
  });
  bench.push(bench.job("stubborn"));
  SUBCASE("because the grace is over") { bench.options.stop_grace = Milliseconds(30); }
  SUBCASE("because a second signal came") {}
  bench.start();
  REQUIRE(bench.engine.wait_until([&] { return is_inside.load(); }));
  bench.made->stop();
  if (bench.options.stop_grace > Seconds(1)) bench.made->hand_back_now();
  bench.runner.join();
  CHECK(bench.ended == processor::Ended::handed_back);
  REQUIRE(bench.engine.items("pulls").size() == 1);
  CHECK(bench.engine.items("pulls")[0].deliveries == 0);
  may_end = true;
  bench.made.reset();  // the late handler cannot acknowledge
  CHECK(bench.engine.items("pulls").size() == 1);
}

TEST_CASE("processor: a handler that hangs beyond its limit fails its job and ends the processor") {
  Workbench bench;
  bench.options.threads = 2;
  bench.options.overdue_grace = Milliseconds(30);
  std::atomic<bool> may_end{false};
  std::atomic<int> inside{0};
  bench.task("hang", [&](Context&) -> Outcome {
    ++inside;
    (void)bench.engine.wait_until([&] { return may_end.load(); });
    return Done{};
  });
  auto hanging = bench.job("hang");
  hanging.timeout = Milliseconds(300);  // both have begun by then
  bench.push(hanging);
  bench.push(bench.job("hang", "pushes"));
  bench.start();
  bench.runner.join();
  CHECK(bench.ended == processor::Ended::overdue);
  REQUIRE(bench.engine.items("pulls").size() == 1);
  CHECK(bench.waiting("pulls").attempt == 1);
  CHECK(bench.waiting("pulls").errors.at(0).why == "went on beyond its time limit of 300ms");
  REQUIRE(bench.engine.items("pushes").size() == 1);
  CHECK(bench.engine.items("pushes")[0].deliveries == 0);
  may_end = true;
  bench.made.reset();
  CHECK(bench.engine.items("pulls").size() == 1);
}

TEST_CASE("processor: a queue that is away at the start, and again later, is waited for") {
  Workbench bench;
  std::atomic<int> done{0};
  bench.task("note", [&](Context&) -> Outcome {
    ++done;
    return Done{};
  });
  bench.options.unreachable_wait_max = Milliseconds(100);
  bench.options.pop_wait = Milliseconds(50);
  bench.engine.set_reachable(false);
  bench.start();
  bench.engine.set_reachable(true);
  bench.push(bench.job("note"));
  CHECK(bench.engine.wait_until([&] { return done == 1 && bench.engine.held_count() == 0; }));
  bench.engine.set_reachable(false);
  std::this_thread::sleep_for(Milliseconds(300));  // sleep-ok: a busy loop would show by then
  CHECK(bench.engine.pops() < 100);
  bench.engine.set_reachable(true);
  bench.push(bench.job("note"));
  CHECK(bench.engine.wait_until([&] { return done == 2 && bench.engine.held_count() == 0; }));
}

TEST_CASE("processor: while the database is away no attempt is used up") {
  Workbench bench;
  std::atomic<int> runs{0};
  bench.task("note", [&](Context& context) -> Outcome {
    ++runs;
    (void)context.db().query("SELECT 1");
    return Done{};
  });
  bench.options.unreachable_wait_max = Milliseconds(100);
  bench.start();
  bench.push(bench.job("note"));
  REQUIRE(
      bench.engine.wait_until([&] { return runs == 1 && bench.engine.items("pulls").empty(); }));
  const auto path = bench.folder / "jobs.db";
  std::filesystem::rename(path, path + ".away");
  // sleep-ok: the pool asks again once a connection was idle for so long
  std::this_thread::sleep_for(db::idle_max + Milliseconds(100));
  const auto id = bench.push(bench.job("note"));
  CHECK(bench.engine.wait_until([&] { return bench.engine.pops() > 0 && runs == 1; }));
  std::filesystem::rename(path + ".away", path);
  CHECK(bench.engine.wait_until([&] {
    return runs == 2 && bench.engine.items("pulls").empty() && bench.engine.held_count() == 0;
  }));
  CHECK_FALSE(bench.row(id));
}

TEST_CASE("processor: a job whose row cannot be written is handed back, and runs later") {
  Workbench bench;
  std::atomic<int> runs{0};
  bench.task("note", [&](Context&) -> Outcome {
    ++runs;
    return Done{};
  });
  bench.options.unreachable_wait_max = Milliseconds(100);
  bench.make();
  const auto other = db::connect(bench.database);
  other->execute("ALTER TABLE daemonz_jobs RENAME TO jobs_away");
  bench.start();
  auto job = bench.job("note");
  job.track = Track::all;
  bench.push(job);
  CHECK(bench.engine.wait_until([&] { return bench.engine.pops() > 2; }));  // it goes on trying
  CHECK(runs == 0);
  other->execute("ALTER TABLE jobs_away RENAME TO daemonz_jobs");
  CHECK(bench.engine.wait_until([&] { return runs == 1 && bench.engine.held_count() == 0; }));
  bench.finish();
  CHECK(bench.engine.items("pulls").empty());
  CHECK(bench.row(job.id)->state == job_table::State::done);
}
