// The strategy `queue` on a real queue server: what is pushed is what a processor will find.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <set>
#include <thread>

#include "db/connection.h"
#include "job_table/table.h"
#include "offline_tasks/push.h"
#include "offline_tasks/status.h"
#include "sample_tasks.h"
#include "support/broker_engine.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace std::chrono_literals;
using namespace offline_tasks;

namespace {

struct Site {
  Site() { connect({.broker = engine.url(), .database = url, .deadline = 10s}); }
  ~Site() { disconnect(); }
  /// The next job of a queue, as a processor sees it.
  [[nodiscard]] std::optional<Envelope> take(std::string_view queue) {
    const auto lease = broker->pop({.queues = {QueueName(queue)}}).lease;
    if (!lease) return {};
    REQUIRE(broker->ack(*lease) == broker::Settled::done);
    return Envelope::decode(lease->body);
  }
  tests::TempDir folder;
  std::string url = "sqlite:" + (folder / "jobs.db");
  tests::MemcacheEngine engine;
  std::unique_ptr<broker::Broker> broker = engine.connect();
};

}  // namespace

TEST_CASE_FIXTURE(Site, "offline_tasks: a pushed job stands in its queue, whole") {
  const auto pulled = push_pull(samples::Echo{42, "c++"}, {.priority = Priority{1}});
  CHECK(std::get<Pushed>(pulled.value()).taken_by == "queue");
  CHECK_FALSE(push_push("echo", {{"number", 7}}).is_duplicate());
  const auto job = take("pulls");
  REQUIRE(job);
  CHECK(job->id == pulled.id());
  CHECK(job->task == "echo");
  CHECK(job->args == to_json(samples::Echo{42, "c++"}));
  CHECK(job->max_attempts == 3);
  CHECK(job->priority == Priority{1});
  CHECK(take("pushes")->args.at("number") == 7);  // by name, the task's own queue is not known
  CHECK_FALSE(take("pulls"));
}

TEST_CASE_FIXTURE(Site, "offline_tasks: a unique job is pushed once while it lives") {
  const Options unique{.unique_key = "mail:42"};
  CHECK_FALSE(push_push(samples::Echo{}, unique).is_duplicate());
  const auto second = push_push(samples::Echo{}, unique);
  CHECK(second.is_duplicate());
  CHECK(std::get<Duplicate>(second.value()).unique_key == "mail:42");
  CHECK_THROWS_WITH_AS((void)second.id(), doctest::Contains("mail:42"), Error);
  CHECK(take("echoes"));
  CHECK_FALSE(push_push(samples::Echo{}, unique).is_duplicate());
}

TEST_CASE_FIXTURE(Site, "offline_tasks: a batch arrives in order, under one batch id") {
  std::vector<samples::Echo> tasks;
  for (int i = 0; i < 50; ++i) tasks.push_back({i, "x"});
  const auto ids = samples::Tasks::push_many(tasks);
  std::set<std::string> batches;
  for (int i = 0; i < 50; ++i) {
    const auto job = take("echoes");
    REQUIRE(job);
    CHECK(job->id == ids[static_cast<std::size_t>(i)]);
    CHECK(job->args.at("number") == i);
    batches.insert(job->batch);
  }
  CHECK(batches.size() == 1);
}

TEST_CASE_FIXTURE(Site,
                  "offline_tasks: pushes go on when the queue server was killed and comes back") {
  const auto before = push_push(samples::Echo{1, ""});
  engine.kill();
  std::jthread restart([&] { engine.start(); });
  const auto after = push_push(samples::Echo{2, ""});  // within its deadline of 10 s
  restart.join();
  CHECK(take("echoes")->id == before.id());
  CHECK(take("echoes")->id == after.id());
  CHECK_FALSE(take("echoes"));
}

TEST_CASE_FIXTURE(Site, "offline_tasks: any thread pushes, and so does a forked child") {
  constexpr int threads = 4, each = 25;
  {
    std::vector<std::jthread> running;
    for (int t = 0; t < threads; ++t)
      running.emplace_back([] {
        for (int i = 0; i < each; ++i) push_push(samples::Echo{i, "thread"});
      });
  }
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      push_push(samples::Echo{0, "child"});
      ::_exit(0);
    } catch (...) {
      ::_exit(1);
    }
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  push_push(samples::Echo{0, "parent"});
  CHECK(broker->depth(QueueName("echoes")) == threads * each + 2);
}

TEST_CASE_FIXTURE(Site, "offline_tasks: status and wait tell what the job table knows") {
  const auto id = push_pull(samples::Echo{1, "x"}).id();
  CHECK(status(id).state == JobState::queued);
  CHECK(wait(id, 20ms).state == JobState::queued);
  CHECK(status("nobody").state == JobState::unknown);

  const auto connection = db::connect(url);
  job_table::Table table(*connection);
  const auto token = job_table::make_token(0, 1);
  REQUIRE(table.record_started({.id = id, .task = "echo", .queue = "pulls"}, token, 1, "test"));
  REQUIRE(table.record_progress(id, token, R"({"done":1,"total":4,"note":"half"})"));
  const auto running = status(id);
  CHECK(running.state == JobState::running);
  CHECK(running.attempts == 1);
  CHECK(running.progress.total == 4);
  CHECK(running.progress.note == "half");

  std::jthread finish([&] { REQUIRE(table.record_done(id, token, R"({"score":10})")); });
  const auto over = wait(id, 10s);
  CHECK(over.state == JobState::done);
  CHECK(over.is_over());
  CHECK(over.result.as_object().at("score") == 10);
}

TEST_CASE_FIXTURE(Site, "offline_tasks: a push that was refused leaves no row behind") {
  const Options unique{.track = Track::all, .unique_key = "k"};
  (void)push_push(samples::Echo{}, unique);
  CHECK(push_push(samples::Echo{}, unique).is_duplicate());
  const auto connection = db::connect(url);
  CHECK(job_table::Table(*connection).count(job_table::State::pushed) == 1);
}

TEST_CASE("offline_tasks: status without a database says what to do") {
  connect({});
  CHECK_THROWS_WITH_AS((void)status("01J"), doctest::Contains(".database ="), Error);
  disconnect();
}
