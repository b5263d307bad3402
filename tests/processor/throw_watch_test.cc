// Where an exception came from, as a job's last_error says it.
#include "processor/throw_watch.h"

#include <doctest/doctest.h>

#include <exception>
#include <stdexcept>
#include <thread>

#include "workbench.h"

using namespace daemonz;
using processor::ThrowWatch;

// Not in an unnamed namespace: what is not exported has no name here.
namespace daemonz::tests {

struct TableMissing : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[gnu::noinline]] int open_table(const std::string& name) {
  if (name != "there") throw TableMissing("no table " + name);
  return 1;
}
// They add, so that the call is no jump which leaves no frame.
[[gnu::noinline]] int read_customers(const std::string& name) { return open_table(name) + 1; }

[[gnu::noinline]] int read_or_explain(const std::string& name) {
  try {
    return read_customers(name) + 1;
  } catch (const TableMissing&) {
    throw std::logic_error("a shop without customers");
  }
}

int deep(int levels);
int (*volatile deeper)(int) = deep;  // a compiler would make a loop of a plain recursion

int deep(int levels) {
  if (levels == 0) throw std::runtime_error("deep");
  return deeper(levels - 1) + 1;
}

}  // namespace daemonz::tests

namespace {

/// The trace of what `body` throws.
std::string trace_of(const std::function<void()>& body) {
  const ThrowWatch watch;
  try {
    body();
  } catch (const std::exception& problem) {
    return watch.trace_of(dynamic_cast<const void*>(&problem));
  } catch (...) {
    return watch.trace_of(nullptr);
  }
  return "nothing was thrown";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("processor: a trace names the function that threw, and below it who called") {
  const auto lines = lines_of(trace_of([] { tests::read_customers("customers"); }));
  REQUIRE(lines.size() >= 2);
  CHECK(lines[0].starts_with("daemonz::tests::open_table(std::"));
  CHECK(contains(lines[0], " (test_processor+0x"));
  CHECK(lines[1].starts_with("daemonz::tests::read_customers("));
  // Neither the machinery inside nor the test's own runner outside.
  CHECK_FALSE(contains(lines[0], "__cxa_throw"));
  for (const auto& line : lines) CHECK_FALSE(contains(line, "doctest"));
}

TEST_CASE("processor: what was thrown while another was handled shows both") {
  const auto lines = lines_of(trace_of([] { tests::read_or_explain("customers"); }));
  REQUIRE_FALSE(lines.empty());
  CHECK(lines[0].starts_with("daemonz::tests::read_or_explain("));
  const auto cause = std::ranges::find(lines, "while handling daemonz::tests::TableMissing:");
  REQUIRE(cause != lines.end());
  REQUIRE(cause + 1 != lines.end());
  CHECK((cause + 1)->starts_with("daemonz::tests::open_table("));
}

TEST_CASE("processor: an exception that was dealt with is not in the trace of a later one") {
  const auto trace = trace_of([] {
    try {
      tests::read_customers("customers");
    } catch (const std::exception&) {  // dealt with
    }
    tests::deep(1);
  });
  CHECK(trace.starts_with("daemonz::tests::deep("));
  CHECK_FALSE(contains(trace, "open_table"));
}

TEST_CASE("processor: one that is thrown on keeps the place where it began") {
  const auto trace = trace_of([] {
    try {
      tests::read_customers("customers");
    } catch (const std::exception&) {
      try {
        tests::deep(1);
      } catch (const std::exception&) {  // in between, and dealt with
      }
      throw;
    }
  });
  CHECK(trace.starts_with("daemonz::tests::open_table("));
  CHECK_FALSE(contains(trace, "deep"));
}

TEST_CASE("processor: an exception that is no std::exception has its trace too") {
  CHECK(contains(trace_of([] { throw 42; }), "test_processor+0x"));
}

TEST_CASE("processor: what another thread threw is not taken for ours") {
  const auto trace = trace_of([] {
    std::exception_ptr carried;
    std::thread([&] {
      try {
        tests::deep(0);
      } catch (...) {
        carried = std::current_exception();
      }
    }).join();
    std::rethrow_exception(carried);
  });
  CHECK(trace.empty());
}

TEST_CASE("processor: a trace is as long as its limits, however deep the stack") {
  const auto trace = trace_of([] { tests::deep(1'000); });
  CHECK(lines_of(trace).size() >= 5);
  CHECK(lines_of(trace).size() <= processor::throw_frames_max);
  CHECK(trace.size() <= processor::throw_trace_size_max);
  for (const auto& line : lines_of(trace)) CHECK(line.size() <= processor::throw_line_size_max);
}

TEST_CASE("processor: a failed attempt says where it was thrown, in a thread and in a fork") {
  for (const auto isolation : {processor::Isolation::thread, processor::Isolation::fork}) {
    tests::Workbench bench;
    bench.task("read", [](offline_tasks::Context&) -> offline_tasks::Outcome {
      tests::read_customers("customers");
      return offline_tasks::Done{};
    });
    bench.options.tasks["read"].isolation = isolation;
    const auto id = bench.push(bench.job("read"));
    CHECK(bench.make().work_off(1).failed == 1);
    const auto row = bench.row(id).value();
    const auto lines = lines_of(row.last_error);
    REQUIRE(lines.size() >= 3);
    CHECK(lines[0] == "daemonz::tests::TableMissing: no table customers");
    CHECK(lines[1].starts_with("daemonz::tests::open_table("));
    CHECK(lines[2].starts_with("daemonz::tests::read_customers("));
    const auto errors = json::parse(row.errors).as_array();
    CHECK(errors.at(0).at("why").as_string() == row.last_error);
    // The processor's own frames are nobody's business.
    CHECK_FALSE(contains(row.last_error, "daemonz::processor::"));
    CHECK_FALSE(contains(row.last_error, "Registry::dispatch"));
    // It travels with the job as well: the scheduler may be the one who writes the row.
    CHECK(contains(bench.waiting("pulls").errors.at(0).why, "open_table"));
  }
}

TEST_CASE("processor: a failure without an exception has words only") {
  tests::Workbench bench;
  bench.task("fail", [](offline_tasks::Context&) -> offline_tasks::Outcome {
    try {
      tests::read_customers("customers");
    } catch (const std::exception&) {
      return offline_tasks::Fail{"no customers"};
    }
    return offline_tasks::Done{};
  });
  const auto id = bench.push(bench.job("fail"));
  CHECK(bench.make().work_off(1).failed == 1);
  CHECK(bench.row(id)->last_error == "no customers");
}
