// Signed jobs at a processor: what is refused is counted and put aside, and harms no other job.
#include <doctest/doctest.h>

#include "offline_tasks/signing.h"
#include "processor/processor.h"
#include "workbench.h"

using namespace daemonz;
using namespace daemonz::offline_tasks;
using namespace std::chrono_literals;
using tests::Workbench;

namespace {

struct Signed : Workbench {
  Signed() {
    options.signing = signing;
    task("count", [this](Context&) -> Outcome {
      ++performed;
      return Done{};
    });
    task("shaky", [this](Context& context) -> Outcome {
      ++performed;
      if (context.job().attempt < 2) return Fail{"not yet"};
      return Done{};
    });
  }
  Envelope signed_job(const std::string& name, WallTime at = real_clock().wall()) {
    auto job = Workbench::job(name);
    job.track = Track::all;
    job.backoff = {Milliseconds(0)};
    sign(job, signing, at);
    return job;
  }
  std::int64_t counted(const std::string& reason) {
    const auto rows = db::connect(database)->query(
        "SELECT count FROM daemonz_refused WHERE reason = ?", {reason});
    return rows.rows.empty() ? 0 : db::integer(rows.rows[0][0]).value();
  }
  const Signing signing{.keys = {{"k1", std::string(32, 'a')}, {"k2", std::string(32, 'b')}},
                        .sign_with = "k1",
                        .lifetime = 1h};
  int performed = 0;
};

}  // namespace

TEST_CASE_FIXTURE(Signed, "processor: a signed job runs, through its retries too") {
  push(signed_job("count"));
  push(signed_job("shaky"));
  CHECK(make().work_off(100).succeeded == 2);
  CHECK(performed == 4);
  CHECK(engine.items("pulls.dead").empty());
}

TEST_CASE_FIXTURE(
    Signed, "processor: unsigned, altered, foreign and expired jobs are refused and counted") {
  auto altered = signed_job("count");
  altered.args["more"] = 1;
  auto foreign = job("count");
  sign(foreign, {.keys = {{"k9", std::string(32, 'z')}}, .sign_with = "k9"}, real_clock().wall());
  push(job("count"));
  push(altered);
  push(foreign);
  const auto expired = push(signed_job("count", real_clock().wall() - 2h));
  CHECK(make().work_off().failed == 4);
  CHECK(performed == 0);
  CHECK(counted("not signed") == 1);
  CHECK(counted("altered") == 1);
  CHECK(counted("unknown key") == 1);
  CHECK(counted("expired") == 1);
  CHECK(row(expired)->last_error.find("expired") != std::string::npos);
  const auto kept = waiting("pulls.dead", 1);
  CHECK(kept.task == "raw");
  CHECK(kept.errors.at(0).why.find("altered") != std::string::npos);
  CHECK(row(kept.id)->state == job_table::State::dead);
  CHECK(Envelope::decode(kept.args.at("body").as_string())->id == altered.id);
}

TEST_CASE_FIXTURE(Signed, "processor: a replay is refused, a redelivery is not") {
  const auto job = signed_job("count");
  push(job);
  auto& processor = make();
  {
    const auto held = processor.reserve(1s);
    REQUIRE(held);
    CHECK(std::holds_alternative<Done>(processor.perform(*held)));
    engine.lapse_all();  // it died before its ack
    CHECK_FALSE(processor.settle(*held, Done{}));
  }
  CHECK(processor.work_off().succeeded == 1);
  CHECK(counted("replayed") == 0);
  push(job);
  push(job);
  CHECK(processor.work_off().failed == 2);
  CHECK(counted("replayed") == 2);
  CHECK(row(job.id)->state == job_table::State::done);
}

TEST_CASE_FIXTURE(Signed,
                  "processor: a forged job cannot end or overtake the job whose id it bears") {
  const auto real = signed_job("shaky");
  auto forged = real;
  forged.attempt = 900;
  forged.max_attempts = 901;
  push(forged);
  push(real);
  CHECK(make().work_off().succeeded == 1);
  CHECK(row(real.id)->state == job_table::State::done);
  CHECK(counted("altered") == 1);
}

TEST_CASE_FIXTURE(Signed, "processor: keys rotate while jobs wait") {
  auto with_new = signing;
  with_new.sign_with = "k2";
  push(signed_job("shaky"));
  auto later = job("shaky");
  later.backoff = {Milliseconds(0)};
  sign(later, with_new, real_clock().wall());
  push(later);
  options.signing = with_new;
  CHECK(make().work_off().succeeded == 2);  // old ones are retried under the new key
  CHECK(performed == 6);
}

TEST_CASE_FIXTURE(Signed,
                  "processor: without a database its own replays are refused all the same") {
  options.database.clear();
  const auto job = signed_job("count");
  push(job);
  push(job);
  const auto counts = make().work_off();
  CHECK(counts.succeeded == 1);
  CHECK(counts.failed == 1);
  CHECK(performed == 1);
}
