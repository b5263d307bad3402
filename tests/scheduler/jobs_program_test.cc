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
#include "support/running_server.h"
#include "support/temp_dir.h"

using namespace daemonz;

namespace {

struct Answer {
  int code = -1;
  std::string text;  ///< stdout
};

struct Site {
  Site() {
    std::ofstream(folder / "daemonz.yml") << "broker: " << server.unix_url() << "\n"
                                          << "database: sqlite:" << (folder / "jobs.db") << "\n";
  }
  [[nodiscard]] std::string program(const std::string& name) const {
    const char* given = std::getenv("DAEMONZ_BIN");
    return std::string(given ? given : DAEMONZ_BIN_DIR) + "/" + name + " --config " +
           (folder / "daemonz.yml");
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

  tests::TempDir folder;
  tests::RunningServer server;
};

}  // namespace

TEST_CASE("daemonz-jobs: push prints the id of a job that is then in its queue") {
  Site site;
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

TEST_CASE("daemonz-jobs: a unique key that is held pushes nothing") {
  Site site;
  CHECK(site.jobs("push note --unique k --queue pulls").code == 0);
  CHECK(site.jobs("push note --unique k --queue pulls").code == 1);
  CHECK(site.depth("pulls") == 1);
}

TEST_CASE("daemonz-jobs: dead jobs are listed, shown, retried and deleted") {
  Site site;
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

TEST_CASE("daemonz-jobs: a cancelled job leaves its queue, and its unique key with it") {
  const Site site;
  const std::string words = "push note --queue pulls --unique k --json";
  const auto id = std::string(json::parse(site.jobs(words).text, "push").at("id").as_string());
  job_table::Table(*db::connect("sqlite:" + (site.folder / "jobs.db")))
      .record_pushed({.id = id, .task = "note", .queue = "pulls", .handler = "{}"});
  CHECK(site.jobs("cancel " + id).code == 0);
  CHECK(site.depth("pulls") == 0);
  CHECK(site.jobs("cancel " + id).code == 1);  // it has ended
  CHECK(site.jobs(words).code == 0);
}

TEST_CASE("daemonz-jobs: the list goes on behind the last row seen") {
  Site site;
  for (int i = 0; i < 5; ++i) site.put_dead("job" + std::to_string(i));
  CHECK(site.jobs("dead").code == 0);
  const auto first = site.jobs("ls --limit 2");
  CHECK(first.text.find("job4") < first.text.find("job3"));
  CHECK(first.text.find("job2") == std::string::npos);
  const auto second = site.jobs("ls --limit 2 --before job3");
  CHECK(second.text.find("job2") < second.text.find("job1"));
  CHECK(second.text.find("job3") == std::string::npos);
}

TEST_CASE("daemonz-jobs: wrong words are usage errors, unknown jobs are not done") {
  Site site;
  for (const auto* words : {"", "unheard-of", "push", "push note --in 5x", "push note --at noon",
                            "push note --priority 11", "retry", "ls --state lost", "show"}) {
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
  Site site;
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
