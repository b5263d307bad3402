// What follows a job: hooks, follow-up tasks, what is kept.
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fstream>

#include "offline_tasks/hooks.h"
#include "offline_tasks/push.h"
#include "processor/processor.h"
#include "processor/settlement.h"
#include "running_processor.h"
#include "workbench.h"

using namespace daemonz;
using namespace daemonz::offline_tasks;
using tests::Workbench;

namespace {

/// A web server that takes one request, answers 204 and keeps what it was sent.
class Receiver {
 public:
  Receiver() {
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const at = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener_.get(), at, size) == 0);
    REQUIRE(::listen(listener_.get(), 8) == 0);
    REQUIRE(::getsockname(listener_.get(), at, &size) == 0);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/told";
  }
  std::string take() {
    const UniqueFd client(::accept(listener_.get(), nullptr, nullptr));
    std::string text;
    char buffer[4096];
    while (text.find("}") == std::string::npos) {
      const auto got = ::recv(client.get(), buffer, sizeof buffer, 0);
      if (got <= 0) break;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    const std::string answer = "HTTP/1.1 204 No Content\r\n\r\n";
    REQUIRE(::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL) > 0);
    return text;
  }
  std::string url;

 private:
  UniqueFd listener_;
};

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

struct Bench : Workbench {
  Bench() {
    task("done", [](Context&) -> Outcome { return Done{json::object{{"sum", 42}}}; });
    task("fail", [](Context&) -> Outcome { return Fail{"no receiver"}; });
    task("kill", [](Context&) -> Outcome { return Kill{"too large"}; });
  }
};

}  // namespace

TEST_CASE("processor: follow-up tasks are pushed before the acknowledgement, each once") {
  Bench bench;
  bench.task("later", [](Context&) -> Outcome { return Done{}; });
  auto job = bench.job("done");
  job.on_done = {{.task = "later", .args = {{"n", 1}}}, {.task = "later", .queue = "mail"}};
  bench.push(job);
  CHECK(bench.make().work_off(1).succeeded == 1);
  CHECK(bench.waiting("pushes").id == job.id + ".done0");
  CHECK(bench.waiting("pushes").args.at("n") == 1);
  CHECK(bench.waiting("mail").id == job.id + ".done1");
  auto failing = bench.job("kill");
  failing.on_done = {{.task = "later", .queue = "never"}};
  bench.push(failing);
  (void)bench.made->work_off(5);
  CHECK(bench.engine.items("never").empty());
}

TEST_CASE("processor: who is to be told is told, and a hook that fails loses no job") {
  Bench bench;
  Receiver receiver;
  const auto told = bench.folder / "told";
  bench.options.runs_commands_of_jobs = true;
  bench.options.on_error = {{.command = {"sh", "-c", "cat >>" + told}},
                            {.command = {"/nowhere/hook"}},
                            {.webhook = "http://127.0.0.1:1/"}};
  auto job = bench.job("done");
  job.on_done = {{.webhook = receiver.url}, {.exec = {"sh", "-c", "cat >>" + told}}};
  bench.push(job);
  auto failing = bench.job("fail", "pushes");
  bench.push(failing);
  auto& made = bench.make();
  CHECK(made.work_off(1).succeeded == 1);
  const auto request = receiver.take();
  CHECK(request.starts_with("POST /told HTTP/1.1\r\n"));
  CHECK(request.find(R"("result":{"sum":42})") != std::string::npos);
  CHECK(made.work_off(1).failed == 1);
  CHECK(bench.engine.items("pushes").size() == 1);
  bench.made.reset();  // finishes what waits
  CHECK(text_of(told).find(R"("id":")" + job.id) != std::string::npos);
  CHECK(text_of(told).find(R"("state":"failed","error":"no receiver")") != std::string::npos);
}

TEST_CASE("processor: a command that a job brings is run only where that was allowed") {
  Bench bench;
  const auto told = bench.folder / "told";
  auto job = bench.job("done");
  job.on_done = {{.exec = {"sh", "-c", "echo >" + told}}};
  bench.push(job);
  CHECK(bench.make().work_off(1).succeeded == 1);
  bench.made.reset();
  CHECK_FALSE(std::filesystem::exists(told));
}

TEST_CASE("processor: webhooks that are none are refused") {
  using offline_tasks::check_webhook;
  check_webhook("http://127.0.0.1:8080/told");
  for (const auto* url : {"", "https://a/", "http://", "http://:80/", "http://a:x/", "http://a b/"})
    CHECK_THROWS_WITH_AS(check_webhook(url), doctest::Contains("is not a webhook"), Error);
}

TEST_CASE("processor: neither a result nor a dead job is kept where the push said so") {
  Bench bench;
  auto job = bench.job("done");
  job.track = Track::all;
  job.keeps_result = false;
  bench.push(job);
  auto dead = bench.job("kill");
  dead.track = Track::all;
  dead.keeps_failed = false;
  bench.push(dead);
  (void)bench.make().work_off(2);
  CHECK(bench.row(job.id)->state == job_table::State::done);
  CHECK(bench.row(job.id)->result.empty());
  CHECK(bench.engine.items("pulls.dead").empty());
  CHECK(bench.row(dead.id)->state == job_table::State::dead);
  CHECK(bench.engine.held_count() == 0);
}

TEST_CASE("processor: a unique key is held as long as the push said, also when the job is done") {
  Bench bench;
  auto job = bench.job("done");
  job.unique = {{"key", "mail:42"}, {"for", 60}};
  bench.push(job);
  CHECK(bench.make().work_off(1).succeeded == 1);
  REQUIRE(bench.engine.items("pulls").size() == 1);
  CHECK(bench.waiting("pulls").task == processor::unique_holder_task);
  CHECK(bench.engine.items("pulls")[0].options.delay > Seconds(50));
  CHECK(bench.made->work_off(1).succeeded == 1);  // the double does not wait out delays
  CHECK(bench.engine.items("pulls").empty());     // and nothing holds it after that
  CHECK(bench.engine.held_count() == 0);
}

TEST_CASE("processor: who was stopped beyond its lease writes nothing, also if nobody else did") {
  Bench bench;
  bench.options.heartbeat = Milliseconds(100);
  bool was_refused = false;
  bench.task("pay", [&](Context& context) -> Outcome {
    bench.engine.set_reachable(false);  // no heartbeat gets through, as if it were stopped
    std::this_thread::sleep_for(bench.options.lease);  // sleep-ok: the time of the lease
    bench.engine.lapse_all();
    bench.engine.set_reachable(true);
    try {
      context.transaction([](db::Connection&) { FAIL("ran without its lease"); });
    } catch (const Superseded&) {
      was_refused = true;
      throw;
    }
    return Done{};
  });
  bench.push(bench.job("pay"));
  CHECK(bench.make().work_off(1).failed == 1);
  CHECK(was_refused);
  CHECK(bench.waiting("pulls").attempt == 0);
}
