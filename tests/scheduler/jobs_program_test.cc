// daemonz-jobs and daemonz-scheduler as people and scripts meet them: cli.md.
#include <doctest/doctest.h>
#include <stdio.h>
#include <sys/wait.h>

#include <fstream>
#include <thread>

#include "base/json.h"
#include "broker/broker.h"
#include "job_table/table.h"
#include "offline_tasks/envelope.h"
#include "support/databases.h"
#include "support/places.h"
#include "support/running_server.h"
#include "support/temp_dir.h"

using namespace daemonz;

namespace {

struct Answer {
  int code = -1;
  std::string text;  ///< stdout
};

template <class Kind>
struct Site {
  Site() {
    std::ofstream(folder / "daemonz.yml") << "broker: " << server.unix_url() << "\n"
                                          << "database: " << database.url() << "\n";
  }
  [[nodiscard]] std::string program(const std::string& name) const {
    return tests::program_path(name) + " --config " + (folder / "daemonz.yml");
  }
  Answer jobs(const std::string& words) const {
    Answer answer;
    const auto command = program("daemonz-jobs") + " " + words + " 2>>" + (folder / "stderr");
    FILE* out = ::popen(command.c_str(), "r");
    REQUIRE(out);
    for (int c; (c = ::fgetc(out)) != EOF;) answer.text += static_cast<char>(c);
    const int status = ::pclose(out);
    answer.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return answer;
  }
  void put_dead(const std::string& id) const {
    offline_tasks::Envelope job;
    job.id = id;
    job.task = "note";
    job.queue = "pulls";
    job.created = real_clock().wall();
    const auto broker = broker::connect({.url = server.unix_url()});
    REQUIRE(broker->push(QueueName("pulls.dead"), job.encode(), {}).state ==
            broker::PushState::confirmed);
  }
  std::uint64_t depth(const std::string& queue) const {
    return broker::connect({.url = server.unix_url()})->depth(QueueName(queue));
  }

  Kind database;
  tests::TempDir folder;
  tests::RunningServer server;
};

}  // namespace

TEST_CASE_TEMPLATE("daemonz-jobs: push prints the id of a job that is then in its queue", Kind,
                   DAEMONZ_DATABASES) {
  Site<Kind> site;
  const auto pushed = site.jobs(R"(push note '{"n":1}' --queue pulls --priority 2)");
  CHECK(pushed.code == 0);
  CHECK(pushed.text.size() == 27);
  const auto broker = broker::connect({.url = site.server.unix_url()});
  const auto popped = broker->pop({.queues = {QueueName("pulls")}});
  REQUIRE(popped.lease);
  const auto job = offline_tasks::Envelope::decode(popped.lease->body).value();
  CHECK(job.id + "\n" == pushed.text);
  CHECK(job.args.at("n") == 1);
  CHECK(job.priority == Priority{2});
  CHECK(site.jobs("queues --json").text.find(R"("queue":"pulls")") != std::string::npos);
}

TEST_CASE_TEMPLATE("daemonz-jobs: a unique key that is held pushes nothing", Kind,
                   DAEMONZ_DATABASES) {
  Site<Kind> site;
  CHECK(site.jobs("push note --unique k --queue pulls").code == 0);
  CHECK(site.jobs("push note --unique k --queue pulls").code == 1);
  CHECK(site.depth("pulls") == 1);
}

TEST_CASE_TEMPLATE("daemonz-jobs: dead jobs are listed, shown, retried and deleted", Kind,
                   DAEMONZ_DATABASES) {
  Site<Kind> site;
  site.put_dead("one");
  site.put_dead("two");
  const auto dead = site.jobs("dead --json");
  CHECK(dead.code == 0);
  const auto newest = json::parse(dead.text.substr(0, dead.text.find('\n')));
  CHECK(newest.at("id") == "two");
  CHECK(newest.at("state") == "dead");
  CHECK(site.depth("pulls.dead") == 0);
  CHECK(site.jobs("show one").text.find("too many deliveries") != std::string::npos);
  CHECK(site.jobs("retry one").code == 0);
  CHECK(site.depth("pulls") == 1);
  CHECK(site.jobs("retry one").code == 1);
  CHECK(site.jobs("delete one").code == 1);
  CHECK(site.jobs("delete two").code == 0);
  CHECK(site.jobs("show two").code == 1);
  site.put_dead("three");
  CHECK(site.jobs("retry --all-dead").code == 0);
  CHECK(site.depth("pulls") == 2);
  CHECK(site.jobs("ls --state dead --json").text.empty());
  CHECK(site.jobs("cancel three").code == 0);
  CHECK(site.jobs("cancel three").code == 1);
}

TEST_CASE_TEMPLATE("daemonz-jobs: a cancelled job leaves its queue, and its unique key with it",
                   Kind, DAEMONZ_DATABASES) {
  const Site<Kind> site;
  const std::string words = "push note --queue pulls --unique k --json";
  const auto id = std::string(json::parse(site.jobs(words).text, "push").at("id").as_string());
  job_table::Table(*db::connect(site.database.url()))
      .record_pushed({.id = id, .task = "note", .queue = "pulls", .handler = "{}"});
  CHECK(site.jobs("cancel " + id).code == 0);
  CHECK(site.depth("pulls") == 0);
  CHECK(site.jobs("cancel " + id).code == 1);  // it has ended
  CHECK(site.jobs(words).code == 0);
}

TEST_CASE_TEMPLATE("daemonz-jobs: the list goes on behind the last row seen", Kind,
                   DAEMONZ_DATABASES) {
  Site<Kind> site;
  for (int i = 0; i < 5; ++i) site.put_dead("job" + std::to_string(i));
  CHECK(site.jobs("dead").code == 0);
  const auto first = site.jobs("ls --limit 2");
  CHECK(first.text.find("job4") < first.text.find("job3"));
  CHECK(first.text.find("job2") == std::string::npos);
  const auto second = site.jobs("ls --limit 2 --before job3");
  CHECK(second.text.find("job2") < second.text.find("job1"));
  CHECK(second.text.find("job3") == std::string::npos);
}

TEST_CASE_TEMPLATE("daemonz-jobs: a batch is counted, and its failures are told", Kind,
                   DAEMONZ_DATABASES) {
  const Site<Kind> site;
  const auto connection = db::connect(site.database.url());
  job_table::migrate(*connection);
  job_table::Table table(*connection);
  for (int i = 0; i < 20; ++i) {
    const job_table::Facts job{.id = "picture" + std::to_string(i),
                               .task = "upload",
                               .queue = "pulls",
                               .batch = "album",
                               .handler = "{}"};
    const auto token = job_table::make_token(0, 1);
    REQUIRE(table.record_started(job, token, 1, "me"));
    if (i == 7)
      REQUIRE(table.record_dead(job, token, 1, "too large", "{}"));
    else
      REQUIRE(table.record_done(job.id, token, ""));
  }
  const auto text = site.jobs("batch album");
  CHECK(text.code == 0);
  CHECK(text.text.starts_with("20 jobs: 19 done, 1 dead\n"));
  CHECK(text.text.find("picture7") != std::string::npos);
  CHECK(text.text.find("too large") != std::string::npos);
  const auto object = json::parse(site.jobs("batch album --json").text, "batch");
  CHECK(object.at("jobs") == 20);
  CHECK(object.at("states").at("done") == 19);
  CHECK(object.at("dead").as_array().at(0).at("id") == "picture7");
  CHECK(site.jobs("batch nothing").code == 1);
  CHECK(site.jobs("ls --batch album --state done,dead --json --limit 100").text.size() > 2'000);
  CHECK(site.jobs("dead --batch other --json").text.empty());
}

TEST_CASE_TEMPLATE("daemonz-jobs: watch tells each change, and how it ended", Kind,
                   DAEMONZ_DATABASES) {
  const Site<Kind> site;
  const auto connection = db::connect(site.database.url());
  job_table::migrate(*connection);
  job_table::Table table(*connection);
  const job_table::Facts job{
      .id = "one", .task = "mail", .queue = "pulls", .max_attempts = 3, .handler = "{}"};
  const auto token = job_table::make_token(0, 1);
  REQUIRE(table.record_started(job, token, 1, "me"));
  FILE* out = ::popen((site.program("daemonz-jobs") + " watch one --timeout 20s").c_str(), "r");
  REQUIRE(out);
  const auto next_line = [&] {
    char line[500] = "";
    return std::string(::fgets(line, sizeof line, out) ? line : "");
  };
  CHECK(next_line().find("running  attempt 1/3\n") != std::string::npos);
  REQUIRE(table.record_progress("one", token, R"({"done":3,"total":9,"note":"mailed"})"));
  CHECK(next_line().find("3/9 mailed") != std::string::npos);
  REQUIRE(table.record_done("one", token, "{}"));
  CHECK(next_line().find("done  attempt 1/3") != std::string::npos);
  CHECK(WEXITSTATUS(::pclose(out)) == 0);
  REQUIRE(table.record_dead({.id = "two", .task = "mail", .queue = "pulls", .handler = "{}"}, token,
                            1, "no receiver", "{}"));
  const auto dead = site.jobs("watch two");
  CHECK(dead.code == 1);
  CHECK(dead.text.find("dead  attempt 1  no receiver") != std::string::npos);
  table.record_pushed({.id = "three", .task = "mail", .queue = "pulls", .handler = "{}"});
  CHECK(site.jobs("watch three --timeout 200ms").code == 1);
  CHECK(site.jobs("watch nobody").code == 1);
}

TEST_CASE_TEMPLATE("daemonz-jobs: migrate makes the tables, newer ones are refused", Kind,
                   DAEMONZ_DATABASES) {
  const Site<Kind> site;
  const auto made = site.jobs("migrate");
  CHECK(made.code == 0);
  CHECK(made.text.find("jobs ") != std::string::npos);
  CHECK(made.text.find("scheduler ") != std::string::npos);
  db::connect(site.database.url())
      ->execute("UPDATE daemonz_schema SET version = 99 WHERE component = 'jobs'");
  CHECK(site.jobs("ls").code == 1);
}

TEST_CASE("daemonz-jobs: move empties one queue server into another, with what it knows") {
  const Site<tests::Sqlite> site;
  const tests::RunningServer other;
  const auto pushed = site.jobs(R"(push note '{"n":1}' --queue pulls --priority 2 --unique k)");
  site.put_dead("lost");
  REQUIRE(site.jobs("push later --queue pulls --in 1h").code == 0);
  const auto words = "move --from " + site.server.unix_url() + " --to " + other.unix_url();
  CHECK(site.jobs(words).code == 0);
  CHECK(site.depth("pulls") == 0);
  CHECK(site.depth("pulls.dead") == 0);
  const auto there = broker::connect({.url = other.unix_url()});
  CHECK(there->depth(QueueName("pulls.dead")) == 1);
  const auto key = offline_tasks::unique_key_digest("k");
  CHECK(there->push(QueueName("pulls"), "x", {.unique_key = key}).state ==
        broker::PushState::duplicate);
  const auto popped = there->pop({.queues = {QueueName("pulls")}});
  REQUIRE(popped.lease);
  const auto job = offline_tasks::Envelope::decode(popped.lease->body).value();
  CHECK(job.id + "\n" == pushed.text);
  CHECK(job.priority == Priority{2});
  CHECK(site.jobs("move --from " + other.unix_url() + " --to " + other.unix_url()).code == 1);
  CHECK(site.jobs("move --from " + other.unix_url() + " --to memcache://127.0.0.1:1").code == 1);
  CHECK(there->depth(QueueName("pulls.dead")) == 1);
}

TEST_CASE("daemonz-jobs: wrong words are usage errors, unknown jobs are not done") {
  Site<tests::Sqlite> site;
  for (const auto* words : {"", "unheard-of", "push", "push note --in 5x", "push note --at noon",
                            "push note --priority 11", "retry", "ls --state lost", "show", "watch",
                            "batch", "watch a --timeout soon", "move --from memcache://a"}) {
    CAPTURE(words);
    CHECK(site.jobs(words).code == 2);
  }
  for (const auto* words :
       {"show nobody", "retry nobody", "push note '[1]'", "push note '{'", "push 'bad name'"}) {
    CAPTURE(words);
    CHECK(site.jobs(words).code == 1);
  }
}

TEST_CASE("daemonz-scheduler: moves dead deliveries while it runs, and stops when told") {
  Site<tests::Sqlite> site;
  site.put_dead("one");
  FILE* scheduler = ::popen(
      ("exec " + site.program("daemonz-scheduler") + " 2>&1 & echo $!; wait $!").c_str(), "r");
  REQUIRE(scheduler);
  int pid = 0;
  REQUIRE(::fscanf(scheduler, "%d", &pid) == 1);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (site.depth("pulls.dead") > 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(Milliseconds(5));  // sleep-ok: asks again
  CHECK(site.depth("pulls.dead") == 0);
  ::kill(pid, SIGTERM);
  const int status = ::pclose(scheduler);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(site.jobs("ls --state dead").text.find("one") != std::string::npos);
}
