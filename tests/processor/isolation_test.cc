// Attempts in processes of their own: forked children of the warm process, and programs.
#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "process/identity.h"
#include "processor/processor.h"
#include "processor/program_task.h"
#include "running_processor.h"
#include "workbench.h"

using namespace daemonz;
using namespace daemonz::offline_tasks;
using processor::Isolation;
using tests::Workbench;

namespace {

struct Bench : Workbench {
  void forked(const std::string& name, Registry::Handler handler) {
    task(name, std::move(handler));
    options.tasks[name].isolation = Isolation::fork;
  }
  /// A shell line as the task's program.
  void program(const std::string& name, const std::string& line) {
    options.tasks[name] = {.isolation = Isolation::exec, .command = {"sh", "-c", line}};
  }
  Envelope tracked(const std::string& task) {
    auto made_job = job(task);
    made_job.track = Track::all;
    return made_job;
  }
  /// Why the only job, which failed, did so.
  std::string why() { return waiting("pulls").errors.at(0).why; }
  void pushed_fails(const Envelope& job) {
    push(job);
    CHECK(make().work_off(1).failed == 1);
  }
};

bool is_alive(pid_t pid) {
  const auto stat = process::stat_of(pid);
  return stat && stat->is_alive();  // who adopted it may reap it later
}

}  // namespace

TEST_CASE("processor: a forked job runs in a fresh process, and its result comes back") {
  Bench bench;
  int runs = 0;  // of this process: a child's change is not seen
  bench.forked("pid", [&](Context& context) -> Outcome {
    context.progress(1, 1, "counted");
    return Done{json::object{{"pid", ::getpid()}, {"runs", ++runs}, {"id", context.job().id}}};
  });
  std::set<std::int64_t> pids;
  auto& made = bench.make();
  for (int i = 0; i < 3; ++i) {
    const auto id = bench.push(bench.tracked("pid"));
    CHECK(made.work_off().succeeded == 1);
    const auto row = bench.row(id).value();
    CHECK(row.state == job_table::State::done);
    const auto result = json::parse(row.result).as_object();
    CHECK(json::string_of(result, "id") == id);
    CHECK(json::integer_of(result, "runs") == 1);
    CHECK(json::parse(row.progress).at("note") == "counted");
    pids.insert(json::integer_of(result, "pid").value());
  }
  CHECK(pids.size() == 3);
  CHECK_FALSE(pids.contains(::getpid()));
  CHECK(runs == 0);
}

TEST_CASE("processor: every outcome of a forked job is the handler's own") {
  Bench bench;
  bench.forked("fail", [](Context&) -> Outcome { throw std::runtime_error("no receiver"); });
  bench.forked("kill", [](Context&) -> Outcome { return Kill{"too large"}; });
  bench.forked("again", [](Context&) -> Outcome { return Again{Milliseconds(70), "not yet"}; });
  bench.forked("crash", [](Context&) -> Outcome {
    ::raise(SIGSEGV);
    return Done{};
  });
  bench.forked("leave", [](Context&) -> Outcome { ::_exit(3); });
  bench.make();
  const auto run = [&](const std::string& task) {
    bench.push(bench.job(task, task));
    bench.options.queues = {QueueName(task)};
    CHECK(processor::Processor(bench.options, bench.registry).work_off(1).failed == 1);
  };
  for (const auto* task : {"fail", "kill", "again", "crash", "leave"}) run(task);
  CHECK(bench.waiting("fail").errors.at(0).why.find("no receiver") != std::string::npos);
  CHECK(bench.waiting("kill.dead").errors.at(0).why == "too large");
  CHECK(bench.engine.items("again").at(0).options.delay == Milliseconds(70));
  CHECK(bench.waiting("again").attempt == 0);
  CHECK(bench.waiting("crash").errors.at(0).why == "its process was ended by SIGSEGV");
  CHECK(bench.waiting("leave").errors.at(0).why ==
        "its process ended without an outcome, exit code 3");
}

TEST_CASE("processor: a forked job has a database connection of its own, and its fence") {
  Bench bench;
  db::connect(bench.database)->execute("CREATE TABLE paid (pid INTEGER)");
  bench.forked("pay", [](Context& context) -> Outcome {
    context.transaction([](db::Connection& inside) {
      inside.execute("INSERT INTO paid VALUES (?)", {std::int64_t{::getpid()}});
    });
    return Done{};
  });
  const auto job = bench.job("pay");
  bench.push(job);
  bench.push(job);  // the same again, as after a crash between effect and acknowledgement
  CHECK(bench.make().work_off().succeeded == 2);
  const auto paid = db::connect(bench.database)->query("SELECT pid FROM paid");
  REQUIRE(paid.rows.size() == 1);
  CHECK(db::integer(paid.rows[0][0]) != ::getpid());
}

TEST_CASE("processor: a forked job pushes further ones through its processor") {
  Bench bench;
  bench.forked("first", [&](Context& context) -> Outcome {
    return Done{json::value(context.push(bench.job("second", "pushes")))};
  });
  bench.push(bench.job("first"));
  CHECK(bench.make().work_off(1).succeeded == 1);
  CHECK(bench.waiting("pushes").task == "second");
}

TEST_CASE("processor: an attempt goes on from the checkpoint of the one before") {
  Bench bench;
  const auto from_checkpoint = [](Context& context) -> Outcome {
    const auto reached = context.checkpoint();
    const auto at = reached ? reached->to_number<std::int64_t>() : 0;
    if (at >= 2) return Done{at};
    context.checkpoint(json::value(at + 1));
    return Fail{"once more"};
  };
  SUBCASE("in a thread") { bench.task("mail", from_checkpoint); }
  SUBCASE("in a fork") { bench.forked("mail", from_checkpoint); }
  const auto id = bench.push(bench.tracked("mail"));
  const auto counts = bench.make().work_off();
  CHECK(counts.failed == 2);
  CHECK(counts.succeeded == 1);
  CHECK(bench.row(id)->result == "2");
  CHECK(db::connect(bench.database)->query("SELECT * FROM daemonz_checkpoints").rows.empty());
}

TEST_CASE("processor: who lost the lease can write no checkpoint") {
  Bench bench;
  const auto job = bench.job("mail");
  const auto late = [&](Context& context) -> Outcome {
    (void)context.checkpoint();
    const auto other = db::connect(bench.database);
    CHECK(job_table::claim_checkpoint(*other, job.id, job_table::make_token(0, 99)).is_ours);
    context.checkpoint(json::value(7));
    return Done{};
  };
  SUBCASE("in a thread") { bench.task("mail", late); }
  SUBCASE("in a fork") { bench.forked("mail", late); }
  bench.push(job);
  CHECK(bench.make().work_off(1).failed == 1);
  CHECK(bench.waiting("pulls").attempt == 0);  // dropped, not failed
  const auto states =
      db::connect(bench.database)->query("SELECT state FROM daemonz_checkpoints").rows;
  REQUIRE(states.size() == 1);
  CHECK(db::text(states[0][0]).empty());
}

TEST_CASE("processor: a program's exit code is the outcome") {
  CHECK(processor::exit_again == 75);
  CHECK(processor::exit_kill == 65);
  Bench bench;
  bench.program("done", "cat >/dev/null; echo noise; echo '{\"width\":640}'; echo");
  bench.program("text", "printf 'two words'");
  bench.program("again", "echo busy >&2; exit 75");
  bench.program("kill", "echo first >&2; echo too large >&2; exit 65");
  bench.program("fail", "echo no receiver >&2; exit 3");
  bench.program("signal", "kill -SEGV $$");
  bench.options.tasks["missing"] = {.isolation = Isolation::exec, .command = {"/nowhere/resize"}};
  bench.make();
  std::string id;
  const auto run = [&](const std::string& task) {
    auto job = bench.tracked(task);
    job.queue = task;
    id = bench.push(job);
    bench.options.queues = {QueueName(task)};
    return processor::Processor(bench.options, bench.registry).work_off(1).succeeded;
  };
  CHECK(run("done") == 1);
  CHECK(bench.row(id)->result == R"({"width":640})");
  CHECK(run("text") == 1);
  CHECK(bench.row(id)->result == R"("two words")");
  CHECK(run("again") == 0);
  CHECK(bench.engine.items("again").at(0).options.delay == processor::program_again_wait);
  CHECK(bench.waiting("again").attempt == 0);
  CHECK(run("kill") == 0);
  CHECK(bench.waiting("kill.dead").errors.at(0).why == "exit code 65: first\ntoo large");
  CHECK(run("fail") == 0);
  CHECK(bench.waiting("fail").errors.at(0).why == "exit code 3: no receiver");
  CHECK(run("signal") == 0);
  CHECK(bench.waiting("signal").errors.at(0).why == "ended by SIGSEGV");
  CHECK(run("missing") == 0);
  CHECK(bench.waiting("missing").errors.at(0).why.find("/nowhere/resize") != std::string::npos);
}

TEST_CASE("processor: a program reads the envelope, and tells its progress on descriptor 3") {
  Bench bench;
  bench.program("echo", "echo '{\"done\":1,\"total\":2,\"note\":\"read\"}' >&3; cat");
  const auto id = bench.push(bench.tracked("echo"));
  CHECK(bench.make().work_off().succeeded == 1);
  const auto row = bench.row(id).value();
  CHECK(json::string_of(json::parse(row.result).as_object(), "id") == id);
  CHECK(json::parse(row.progress).at("note") == "read");
}

TEST_CASE("processor: progress has two spellings, and what is none is no progress") {
  using processor::parse_progress;
  CHECK(parse_progress("3 10 half way")->note == "half way");
  CHECK(parse_progress("3 10 half way")->total == 10);
  CHECK(parse_progress("3")->done == 3);
  CHECK(parse_progress("3 mails sent")->note == "mails sent");
  CHECK(parse_progress(R"({"done":4})")->done == 4);
  CHECK_FALSE(parse_progress(R"({"done":"four"})"));
  CHECK_FALSE(parse_progress(R"({"note":7})"));
  CHECK_FALSE(parse_progress("starting"));
  CHECK_FALSE(parse_progress(""));
}

TEST_CASE("processor: a program that floods both outputs neither blocks nor fills us") {
  Bench bench;
  bench.program("flood",
                "yes x | head -c 3000000; yes y | head -c 3000000 >&2; yes 1 | head -c 300000 >&3;"
                "echo; echo the end");
  const auto id = bench.push(bench.tracked("flood"));
  CHECK(bench.make().work_off().succeeded == 1);
  CHECK(bench.row(id)->result == R"("the end")");
}

TEST_CASE("processor: at the hard time limit the whole tree of a process is killed") {
  Bench bench;
  bench.options.overdue_grace = Milliseconds(100);
  auto job = bench.job("hang");
  job.timeout = Milliseconds(300);
  const std::string pids = bench.folder / "pids";
  SUBCASE("a program that ignores the soft limit, and its children") {
    bench.program("hang", "trap '' TERM; setsid sleep 600 & echo $! >" + pids +
                              "; sleep 600 & echo $! >>" + pids + "; echo $$ >>" + pids + "; wait");
  }
  SUBCASE("a forked child and a program that it started") {
    bench.forked("hang", [&](Context& context) -> Outcome {
      (void)context.run(
          {"sh", "-c",
           "echo $$ >>" + pids + "; sleep 600 & echo $! >>" + pids + "; echo >>" + pids + "; wait"},
          {.time = Seconds(60)});
      return Done{};
    });
  }
  bench.pushed_fails(job);
  CHECK(bench.why() == "went on beyond its time limit of 300ms");
  const auto lines = tests::lines_of(pids);
  CHECK(lines.size() == 3);
  for (const auto& line : lines)
    if (!line.empty()) CHECK_FALSE(is_alive(std::stoi(line)));
}

TEST_CASE("processor: at the soft limit a process is asked to stop") {
  Bench bench;
  auto job = bench.job("long");
  job.timeout = Milliseconds(100);
  SUBCASE("a forked child") {
    bench.forked("long", [](Context& context) -> Outcome {
      return tests::comes_true([&] { return context.stop_requested(); }) ? Outcome(Fail{"asked"})
                                                                         : Outcome(Done{});
    });
  }
  SUBCASE("a program") {
    bench.program("long", "trap 'echo asked >&2; exit 1' TERM; sleep 30 & wait");
  }
  bench.pushed_fails(job);
  CHECK(bench.why().find("asked") != std::string::npos);
}

TEST_CASE("processor: a process beyond its memory is killed") {
  Bench bench;
  bench.forked("greedy", [](Context& context) -> Outcome {
    std::vector<std::string> eaten;
    while (!context.stop_requested()) {
      if (eaten.size() < 64) eaten.emplace_back(std::size_t{4} << 20, 'x');
    }
    return Done{};
  });
  bench.options.tasks["greedy"].memory_max = mebibytes(100);
  bench.pushed_fails(bench.job("greedy"));
  CHECK(bench.why() == "used more than its 100M");
}

TEST_CASE("processor: a cancelled job's process is killed when it does not stop by itself") {
  Bench bench;
  bench.program("long", "trap '' TERM; sleep 600");
  bench.push(bench.job("long"));
  auto& made = bench.make();
  std::thread cancelling([&] {
    REQUIRE(bench.engine.wait_until([&] { return bench.engine.held_count() == 1; }));
    bench.engine.lapse_all();
  });
  CHECK(made.work_off(1).failed == 1);
  cancelling.join();
  CHECK(bench.waiting("pulls").attempt == 0);
}

TEST_CASE(
    "processor: a processor that leaves kills the processes of its jobs and hands them back") {
  Bench bench;
  bench.options.stop_grace = Milliseconds(100);
  const std::string pids = bench.folder / "pids";
  bench.program("long", "echo $$ >" + pids + "; exec sleep 600");
  bench.push(bench.job("long"));
  bench.start();
  REQUIRE(tests::comes_true([&] { return tests::lines_of(pids).size() == 1; }));
  bench.finish();
  bench.made.reset();
  CHECK_FALSE(is_alive(std::stoi(tests::lines_of(pids).at(0))));
  REQUIRE(bench.engine.items("pulls").size() == 1);
  CHECK(bench.engine.items("pulls")[0].deliveries == 0);
  CHECK(bench.waiting("pulls").attempt == 0);
}

TEST_CASE("processor: without its warm process a processor hands its jobs back and leaves") {
  Bench bench;
  bench.forked("stab", [](Context&) -> Outcome {
    ::kill(::getppid(), SIGKILL);
    return Done{};
  });
  bench.push(bench.job("stab"));
  bench.options.overdue_grace = Milliseconds(50);
  bench.start();
  bench.runner.join();
  CHECK(bench.ended == processor::Ended::overdue);
}

TEST_CASE("processor: settings of tasks that cannot work are refused") {
  Bench bench;
  bench.options.tasks["a"].isolation = Isolation::exec;
  CHECK_THROWS_WITH_AS(bench.make(), doctest::Contains("has no command"), Error);
  bench.options.tasks["a"] = {.command = {"true"}};
  CHECK_THROWS_WITH_AS(bench.make(), doctest::Contains("has a command"), Error);
  bench.options.tasks["a"] = {.memory_max = mebibytes(1)};
  CHECK_THROWS_WITH_AS(bench.make(), doctest::Contains("runs in a thread"), Error);
}
