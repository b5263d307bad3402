// Real processors, a real queue server, real signals: what delivery.md promises.
#include <doctest/doctest.h>

#include "broker/broker.h"
#include "db/connection.h"
#include "job_table/table.h"
#include "offline_tasks/push.h"
#include "offline_tasks/status.h"
#include "running_processor.h"
#include "support/running_server.h"
#include "support/temp_dir.h"

using namespace daemonz;
using offline_tasks::JobState;
using tests::comes_true;
using tests::count_lines;
using tests::RunningProcessor;

namespace {

struct Site {
  explicit Site(const std::vector<std::string>& server_options = {}) : server(server_options) {
    offline_tasks::connect(
        {.broker = server.unix_url(), .database = database, .deadline = Seconds(5)});
  }
  ~Site() { offline_tasks::disconnect(); }

  RunningProcessor processor(const std::vector<std::string>& further = {}) {
    return {server.unix_url(), database, further};
  }
  /// A job that writes "begin TEXT" and "end TEXT" into `notes`, this far apart.
  offline_tasks::JobId note(const std::string& text, Milliseconds time = {},
                            bool stops_when_asked = false) {
    return offline_tasks::push_pull("note", {{"file", notes},
                                             {"text", text},
                                             {"milliseconds", time.count()},
                                             {"stops_when_asked", stops_when_asked}})
        .id();
  }
  bool wait_for(const std::string& line, int count = 1) const {
    return comes_true([&] { return count_lines(notes, line) >= count; });
  }

  tests::TempDir folder;
  std::string database = "sqlite:" + (folder / "jobs.db");
  std::string notes = folder / "notes";
  tests::RunningServer server;
};

}  // namespace

TEST_CASE("processor: a pushed job is performed, and its front end learns it") {
  Site site;
  auto processor = site.processor();
  const auto status = offline_tasks::wait(site.note("a"), Seconds(15));
  CHECK(status.state == JobState::done);
  CHECK(count_lines(site.notes, "end a") == 1);
  processor.signal(SIGTERM);
  CHECK(processor.wait()->exit_code == 0);
}

TEST_CASE("processor: killed in the middle of a job, the job runs again at once") {
  Site site;
  auto first = site.processor();
  const auto id = site.note("a", Milliseconds(1'000));
  REQUIRE(site.wait_for("begin a"));
  auto second = site.processor();
  const auto killed = std::chrono::steady_clock::now();
  first.kill_now();
  REQUIRE(site.wait_for("begin a", 2));
  CHECK(std::chrono::steady_clock::now() - killed < Seconds(5));  // not the lease of 10 s
  CHECK(offline_tasks::wait(id, Seconds(15)).state == JobState::done);
  CHECK(count_lines(site.notes, "end a") == 1);
}

TEST_CASE("processor: TERM lets the running job finish, and the next one to others") {
  Site site;
  auto first = site.processor();
  const auto id = site.note("a", Milliseconds(300));
  REQUIRE(site.wait_for("begin a"));
  const auto next = site.note("b");
  first.signal(SIGTERM);
  CHECK(first.wait()->exit_code == 0);
  CHECK(count_lines(site.notes, "end a") == 1);
  CHECK(count_lines(site.notes, "begin b") == 0);
  CHECK(offline_tasks::status(id).state == JobState::done);
  auto second = site.processor();
  CHECK(offline_tasks::wait(next, Seconds(15)).state == JobState::done);
}

TEST_CASE("processor: a second TERM hands the running job back") {
  Site site({"--log-level=debug"});
  auto first = site.processor();
  const auto id = site.note("a", Milliseconds(3'000));
  REQUIRE(site.wait_for("begin a"));
  const auto asked = std::chrono::steady_clock::now();
  first.signal(SIGTERM);
  first.signal(SIGINT);
  CHECK(first.wait()->exit_code == 0);
  CHECK(std::chrono::steady_clock::now() - asked < Seconds(2));
  auto second = site.processor();
  CHECK(offline_tasks::wait(id, Seconds(15)).state == JobState::done);
  CHECK(site.server.log().find("deliveries=2") == std::string::npos);  // it was not counted
}

TEST_CASE("processor: a handler that is asked to stop puts its job off for another") {
  Site site;
  auto first = site.processor();
  const auto id = site.note("a", Milliseconds(5'000), true);
  REQUIRE(site.wait_for("begin a"));
  first.signal(SIGTERM);
  CHECK(first.wait()->exit_code == 0);
  CHECK(count_lines(site.notes, "end a") == 0);
  auto second = site.processor();
  CHECK(site.wait_for("begin a", 2));
  CHECK_FALSE(offline_tasks::status(id).is_over());
}

TEST_CASE("processor: a failing job is retried and then dead, with every error") {
  Site site;
  auto processor = site.processor();
  const auto id = offline_tasks::push_pull(
                      "fail", {}, {.max_attempts = 3, .backoff = std::vector{Milliseconds(20)}})
                      .id();
  const auto status = offline_tasks::wait(id, Seconds(15));
  CHECK(status.state == JobState::dead);
  CHECK(status.attempts == 3);
  CHECK(status.last_error.find("fails as it should") != std::string::npos);
  // message, then where it was thrown, as delayed_job keeps it
  CHECK(status.last_error.find("\ndaemonz::tests::fail_as_it_should(") != std::string::npos);
  CHECK(status.last_error.find(" (test-processor+0x") != std::string::npos);
}

TEST_CASE("processor: a running job that is cancelled learns it, and does not come back") {
  Site site;
  auto processor = site.processor();
  const auto id = site.note("a", Milliseconds(20'000), true);
  REQUIRE(site.wait_for("begin a"));
  const auto raw = broker::connect({.url = site.server.unix_url()});
  CHECK(raw->cancel(QueueName("pulls"), id) == broker::Settled::done);
  CHECK(offline_tasks::wait(site.note("b"), Seconds(15)).state == JobState::done);
  CHECK(count_lines(site.notes, "begin a") == 1);
  CHECK(count_lines(site.notes, "end a") == 0);
}

TEST_CASE("processor: TSTP makes it quiet: the running job ends, the next one is another's") {
  Site site;
  auto first = site.processor();
  const auto id = site.note("a", Milliseconds(500));
  REQUIRE(site.wait_for("begin a"));
  first.signal(SIGTSTP);
  CHECK(offline_tasks::wait(id, Seconds(15)).state == JobState::done);
  const auto next = site.note("b");
  auto second = site.processor();
  CHECK(offline_tasks::wait(next, Seconds(15)).state == JobState::done);
  CHECK(count_lines(site.notes, "begin b " + std::to_string(second.pid())) == 1);
  first.signal(SIGTERM);
  CHECK(first.wait()->exit_code == 0);
}

TEST_CASE("processor: garbage in the queue costs nobody else's job") {
  Site site;
  auto processor = site.processor();
  const auto raw = broker::connect({.url = site.server.unix_url()});
  for (const std::string bytes : {"no JSON", "[]", "{\"v\":1}", "\xff\xfe"})
    REQUIRE(raw->push(QueueName("pulls"), bytes, {}).state == broker::PushState::confirmed);
  CHECK(offline_tasks::wait(site.note("a"), Seconds(15)).state == JobState::done);
  CHECK(comes_true([&] { return raw->depth(QueueName("pulls.dead")) == 4; }));
}

TEST_CASE("processor: a job that ends its processors each time is dead in the end") {
  Site site;
  (void)offline_tasks::push_pull("crash", {});
  const auto raw = broker::connect({.url = site.server.unix_url()});
  int crashes = 0;
  while (raw->depth(QueueName("pulls.dead")) == 0 && crashes < 10) {
    auto processor = site.processor();
    const auto ended = [&] { return raw->depth(QueueName("pulls.dead")) > 0; };
    if (!processor.wait()) break;
    ++crashes;
    (void)comes_true(ended, Milliseconds(300));  // the server sees the closed connection
  }
  CHECK(raw->depth(QueueName("pulls.dead")) == 1);
  CHECK(crashes == 5);
  auto processor = site.processor();
  CHECK(offline_tasks::wait(site.note("a"), Seconds(15)).state == JobState::done);
}

TEST_CASE("processor: the queue server dies and comes back while a job runs: once done") {
  Site site;
  auto processor = site.processor();
  const auto id = site.note("a", Milliseconds(1'500));
  REQUIRE(site.wait_for("begin a"));
  site.server.kill_now();
  site.server.start();
  CHECK(offline_tasks::wait(id, Seconds(15)).state == JobState::done);
  const auto later = site.note("b");
  CHECK(offline_tasks::wait(later, Seconds(15)).state == JobState::done);
  CHECK(count_lines(site.notes, "begin a") == 1);
}

TEST_CASE("processor: one that hung while another did its job has no effect when it goes on") {
  Site site;
  const auto database = db::connect(site.database);
  database->execute("create table effects (number integer)");
  auto first = site.processor();
  const auto id = offline_tasks::push_pull("note_effect", {{"note",
                                                            {{"file", site.notes},
                                                             {"text", "a"},
                                                             {"milliseconds", 500},
                                                             {"stops_when_asked", false}}}})
                      .id();
  REQUIRE(site.wait_for("begin a"));
  first.signal(SIGSTOP);
  site.server.kill_now();
  site.server.start();  // which gives the lease 3 s to be touched
  auto second = site.processor();
  CHECK(offline_tasks::wait(id, Seconds(15)).state == JobState::done);
  first.signal(SIGCONT);
  CHECK(site.wait_for("end a", 2));
  first.signal(SIGTERM);  // it ends when it is through
  CHECK(first.wait()->exit_code == 0);
  const auto effects = database->query("select number from effects");
  REQUIRE(effects.rows.size() == 1);
  CHECK(db::integer(effects.rows[0][0]) == second.pid());
  CHECK(offline_tasks::status(id).state == JobState::done);
}

TEST_CASE("processor: started before the queue server, it waits for it") {
  Site site;
  site.server.stop();
  auto processor = site.processor();
  site.server.start();
  CHECK(offline_tasks::wait(site.note("a"), Seconds(15)).state == JobState::done);
}

TEST_CASE("processor: pulls are handed out before pushes while both wait") {
  Site site({"--log-level=debug"});
  constexpr int each = 200;
  for (int i = 0; i < each; ++i) (void)offline_tasks::push_push("noop", {});
  for (int i = 0; i < each; ++i)
    (void)offline_tasks::push_pull("noop", {}, {.track = offline_tasks::Track::failures});
  std::vector<std::unique_ptr<RunningProcessor>> processors;
  for (int i = 0; i < 3; ++i)
    processors.push_back(std::make_unique<RunningProcessor>(site.server.unix_url(), site.database));
  const auto raw = broker::connect({.url = site.server.unix_url()});
  CHECK(comes_true(
      [&] { return raw->depth(QueueName("pulls")) == 0 && raw->depth(QueueName("pushes")) == 0; }));
  int handed_out = 0, inversions = 0;
  std::istringstream log(site.server.log());
  for (std::string line; std::getline(log, line);) {
    if (line.find("item handed out") == std::string::npos) continue;
    ++handed_out;
    inversions += line.find("better_ready=0") == std::string::npos;
  }
  CHECK(handed_out == 2 * each);
  CHECK(inversions == 0);
}

TEST_CASE("processor: a wrong command line is refused with exit code 2") {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--queues", "a,,b"},
                                                {"--threads", "0"},
                                                {"--min-priority", "10"},
                                                {"--unheard-of"},
                                                {"word"},
                                                {"--queues", "pulls.dead"}}) {
    RunningProcessor processor("memcache://127.0.0.1:1", "sqlite:/nowhere/x", words);
    CHECK(processor.wait()->exit_code == 2);
  }
}
