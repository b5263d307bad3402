#include "job_table/show.h"

#include <doctest/doctest.h>

#include "support/manual_clock.h"

using namespace daemonz;

TEST_CASE("job_table: the table is aligned and keeps hostile text off the terminal") {
  tests::ManualClock clock;
  job_table::Job job{.id = "01J",
                     .state = job_table::State::dead,
                     .task = "mail",
                     .queue = "pushes",
                     .attempts = 3,
                     .max_attempts = 3,
                     .last_error = "\x1b[31mred\nsecond line"};
  job.updated_at = clock.wall() - Seconds(90);
  const auto text = job_table::table_text({job}, clock.wall());
  CHECK(text ==
        "ID   STATE  TASK  QUEUE   ATTEMPTS  CHANGED  LAST ERROR\n"
        "01J  dead   mail  pushes  3/3       1m30s    ?[31mred\n");
}

TEST_CASE("job_table: scripts get every fact as JSON") {
  job_table::Job job{.id = "01J", .handler = R"({"task":"mail","args":{"n":1}})", .result = "[1]"};
  const auto object = to_json(job);
  CHECK(object.at("handler").at("args").at("n") == 1);
  CHECK(object.at("result").as_array().size() == 1);
  CHECK(object.at("failed_at").is_null());
  CHECK(details_text(job).find("id            01J\n") != std::string::npos);
  CHECK(details_text(job).find("failed_at") == std::string::npos);
}

TEST_CASE("job_table: a person reads each attempt's words and where they came from, line by line") {
  job_table::Job job{.id = "01J",
                     .last_error = "Error: gone\nshop::pay() (shop+0x1)",
                     .errors = R"([{"attempt":1,"at":"2026-11-21T13:20:01.123Z",)"
                               R"("why":"Error: gone\nshop::pay() (shop+0x1)\n\u001b[2J"}])"};
  const auto text = details_text(job);
  CHECK(text.find("last_error    Error: gone\n") != std::string::npos);
  CHECK(text.find("errors        attempt 1, 2026-11-21T13:20:01.123Z\n"
                  "                Error: gone\n"
                  "                shop::pay() (shop+0x1)\n"
                  "                ?[2J\n") != std::string::npos);
}

TEST_CASE("job_table: an error without an entry of its own is shown whole") {
  const job_table::Job job{.id = "01J", .last_error = "exit code 75\nthe disk is full"};
  CHECK(details_text(job).find("last_error    exit code 75\n                the disk is full\n") !=
        std::string::npos);
}
