// What a processor notices while it works: new queues, its own growth, silence, and signals.
#include <doctest/doctest.h>

#include "processor/processor.h"
#include "workbench.h"

using namespace daemonz;
using namespace daemonz::offline_tasks;
using processor::QueuePatterns;
using tests::Workbench;

namespace {

/// A connection whose pops get nothing, however much is ready.
class Deaf : public tests::BrokerDouble {
 public:
  using BrokerDouble::BrokerDouble;
  broker::Popped pop(const broker::PopRequest&) override {
    std::this_thread::sleep_for(Milliseconds(5));  // sleep-ok: stands for a wait on the network
    return {};
  }
};

}  // namespace

TEST_CASE("processor: a queue that a glob means is served soon after its first job") {
  Workbench bench;
  bench.options.queue_patterns = QueuePatterns::parse("critical,*,!low");
  bench.options.expand_interval = Milliseconds(20);
  bench.options.pop_wait = Milliseconds(20);
  std::mutex guard;
  std::vector<std::string> order;
  bench.task("note", [&](Context& context) -> Outcome {
    const std::scoped_lock lock(guard);
    order.push_back(context.job().queue);
    return Done{};
  });
  bench.start();
  REQUIRE(bench.engine.wait_until([&] { return bench.engine.pops() > 0; }));
  for (const auto* queue : {"low", "new", "critical"}) bench.push(bench.job("note", queue));
  CHECK(bench.engine.wait_until([&] {
    const std::scoped_lock lock(guard);
    return order.size() == 2;
  }));
  CHECK(bench.engine.wait_until([&] { return bench.engine.held_count() == 0; }));
  bench.finish();
  CHECK(bench.engine.items("low").size() == 1);
}

TEST_CASE("processor: more queues than one pop can name are served in order") {
  Workbench bench;
  bench.options.queue_patterns = QueuePatterns::parse("*");
  std::vector<std::string> order;
  bench.task("note", [&](Context& context) -> Outcome {
    order.push_back(context.job().queue);
    return Done{};
  });
  std::vector<std::string> names;
  for (char letter = 'a'; letter <= 'h'; ++letter) names.emplace_back(50, letter);
  for (auto name = names.rbegin(); name != names.rend(); ++name)
    bench.push(bench.job("note", *name));
  CHECK(bench.make().work_off().succeeded == 8);
  CHECK((order == names));
}

TEST_CASE("processor: quiet lets running jobs go on unhurried and takes no other") {
  Workbench bench;
  bench.options.pop_wait = Milliseconds(20);
  std::atomic<bool> is_inside{false}, may_end{false};
  bool was_hurried = true;
  bench.task("long", [&](Context& context) -> Outcome {
    is_inside = true;
    (void)bench.engine.wait_until([&] { return may_end.load(); });
    was_hurried = context.stop_requested();
    return Done{};
  });
  bench.push(bench.job("long"));
  bench.start();
  REQUIRE(bench.engine.wait_until([&] { return is_inside.load(); }));
  bench.made->quiet();
  bench.push(bench.job("long"));
  may_end = true;
  CHECK(bench.engine.wait_until([&] { return bench.engine.held_count() == 0; }));
  CHECK_FALSE(was_hurried);
  bench.finish();
  CHECK(bench.ended == processor::Ended::finished);
  REQUIRE(bench.engine.items("pulls").size() == 1);
  CHECK(bench.engine.items("pulls")[0].deliveries == 0);
}

TEST_CASE("processor: it recycles itself after so many jobs, or when it has grown") {
  Workbench bench;
  bench.options.pop_wait = Milliseconds(20);
  bench.options.overdue_grace = Milliseconds(20);  // looks so often
  std::atomic<int> runs{0};
  bench.task("note", [&](Context&) -> Outcome {
    ++runs;
    return Done{};
  });
  for (int i = 0; i < 3; ++i) bench.push(bench.job("note"));
  SUBCASE("jobs") { bench.options.recycle_jobs = 3; }
  SUBCASE("size") { bench.options.recycle_rss = kibibytes(1); }
  bench.start();
  bench.runner.join();
  CHECK(bench.ended == processor::Ended::finished);
  CHECK(bench.engine.held_count() == 0);
  CHECK(runs > 0);
}

TEST_CASE("processor: lanes that are given nothing although jobs are ready end it") {
  Workbench bench;
  bench.options.deaf_after = Milliseconds(50);
  bench.options.pop_wait = Milliseconds(50);
  bool is_deaf = false;
  SUBCASE("deaf lanes") { is_deaf = true; }
  SUBCASE("idle lanes are not deaf") {}
  int connections = 0;
  bench.options.connect_broker = [&]() -> std::unique_ptr<broker::Broker> {
    // The first asks for the queues at the start, the second is the lane's.
    if (++connections == 2 && is_deaf) return std::make_unique<Deaf>(bench.engine);
    return std::make_unique<tests::BrokerDouble>(bench.engine);
  };
  bench.task("note", [](Context&) -> Outcome { return Done{}; });
  bench.start();
  if (is_deaf) {
    bench.push(bench.job("note"));
    bench.runner.join();
    CHECK(bench.ended == processor::Ended::overdue);
    REQUIRE(bench.engine.items("pulls").size() == 1);
    CHECK(bench.engine.items("pulls")[0].deliveries == 0);  // the looks were not counted
  } else {
    const auto pops = bench.engine.pops();
    REQUIRE(bench.engine.wait_until([&] { return bench.engine.pops() > pops + 20; }));
    bench.push(bench.job("note"));
    CHECK(bench.engine.wait_until([&] { return bench.engine.items("pulls").empty(); }));
    bench.finish();
    CHECK(bench.ended == processor::Ended::finished);
  }
}
