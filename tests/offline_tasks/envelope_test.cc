#include "offline_tasks/envelope.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "offline_tasks/broker_options.h"

using namespace daemonz;
using namespace std::chrono_literals;
using offline_tasks::Envelope;

namespace {

const auto some_time = *parse_iso8601("2026-11-21T13:20:01.123Z");

std::string fault_of(std::string_view bytes) {
  try {
    (void)Envelope::decode(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

Envelope some_job() {
  Envelope job;
  job.id = "01J";
  job.task = "resize";
  job.queue = "pushes";
  job.created = some_time;
  return job;
}

}  // namespace

TEST_CASE("offline_tasks: an envelope comes back as it was sent") {
  auto job = some_job();
  job.args = {{"picture", 7}};
  job.priority = Priority{2};
  job.run_at = some_time + 5s;
  job.attempt = 2;
  job.max_attempts = 3;
  job.timeout = 250ms;
  job.backoff = {1s, 1500ms};
  job.track = offline_tasks::Track::all;
  job.unique = {{"key", "mail:42"}};
  job.batch = "b1";
  job.context = {{"locale", "de"}};
  job.errors = {{.attempt = 1, .at = some_time, .why = "no disk"}};
  job.signature = {{"kid", "k1"}};
  const auto back = Envelope::decode(job.encode()).value();
  CHECK(back.encode() == job.encode());
  CHECK(back.timeout == 250ms);
  CHECK(back.backoff == job.backoff);
  CHECK(back.run_at == job.run_at);
  CHECK(back.unique_key() == "mail:42");
  CHECK(back.errors.at(0).why == "no disk");
  CHECK(back.signature == job.signature);
}

TEST_CASE("offline_tasks: a small envelope is written as the page of the format shows it") {
  CHECK(some_job().encode() ==
        R"({"v":1,"id":"01J","task":"resize","args":{},"queue":"pushes","priority":4,)"
        R"("created":"2026-11-21T13:20:01.123Z","attempt":0,"max_attempts":25,"timeout":3600})");
}

TEST_CASE("offline_tasks: unknown fields are kept and passed on through a retry") {
  const auto job =
      Envelope::decode(
          R"({"v":1,"task":"t","id":"x","later":{"a":[1,2]},"unique":{"key":"k","for":9}})")
          .value();
  const auto successor = offline_tasks::after_failure(job, "why", some_time);
  const auto text = json::parse(successor.encode()).as_object();
  CHECK(text.at("later") == json::parse(R"({"a":[1,2]})"));
  CHECK(text.at("unique").as_object().at("for") == 9);
}

TEST_CASE("offline_tasks: another language needs to say no more than the task") {
  const auto job = Envelope::decode(R"({"task":"grade"})").value();
  CHECK(job.task == "grade");
  CHECK(job.id.size() == 26);
  CHECK(job.priority == priority_default);
  CHECK(job.max_attempts == offline_tasks::max_attempts_default);
  CHECK(job.timeout == offline_tasks::timeout_default);
}

TEST_CASE("offline_tasks: bytes that are no envelope are not taken for one") {
  for (const auto* bytes : {"", "hello", "42", "[]", "{}", R"({"name":"x"})", "{\"task\":\"a\""})
    CHECK_FALSE(Envelope::decode(bytes));
  CHECK_FALSE(Envelope::decode(std::string("\0\xff", 2)));
}

TEST_CASE("offline_tasks: a fault in an envelope is named with its field and its job") {
  CHECK(fault_of(R"({"v":1,"id":"x1"})").starts_with("job x1: \"task\" is missing"));
  CHECK(fault_of(R"({"v":2,"task":"t"})").find("\"v\" is 2, this program reads version 1") !=
        std::string::npos);
  CHECK(fault_of(R"({"task":"t","id":"x1","timeout":"long"})")
            .starts_with("job x1 (t): \"timeout\" must be a number, found \"long\""));
  CHECK(fault_of(R"({"task":7})").find("\"task\" must be a string") != std::string::npos);
  CHECK(fault_of(R"({"task":"a b"})").find("\"task\" must be 1..100 characters") !=
        std::string::npos);
  CHECK(fault_of(R"({"task":"t","args":[1]})").find("\"args\" must be") != std::string::npos);
  CHECK(fault_of(R"({"task":"t","priority":10})").find("\"priority\" must be in 0..9, found 10") !=
        std::string::npos);
  CHECK(fault_of(R"({"task":"t","created":"now"})").find("\"created\" must be a UTC time") !=
        std::string::npos);
  CHECK(fault_of(R"({"task":"t","id":"a/b"})").find("\"id\" must be") != std::string::npos);
  CHECK(fault_of(R"({"task":"t","queue":"../x"})").find("\"queue\" must be") != std::string::npos);
  CHECK(fault_of(R"({"task":"t","timeout":0})").find("\"timeout\" must be above 0") !=
        std::string::npos);
  CHECK(fault_of(R"({"task":"t","timeout":1e300})").find("\"timeout\"") != std::string::npos);
  CHECK(fault_of(R"({"task":"t","timeout":1e300})").size() < 200);
  CHECK(fault_of(R"({"task":"t","queue":"q.dead"})").find("dead jobs") != std::string::npos);
  CHECK(fault_of(R"({"task":"t","backoff":["x"]})").find("\"backoff\"") != std::string::npos);
  CHECK(fault_of(R"({"task":"t","attempt":-1})").find("\"attempt\"") != std::string::npos);
  CHECK(fault_of(R"({"task":"t","errors":[1]})").find("\"errors\"") != std::string::npos);
  CHECK(fault_of(R"({"task":"t","track":"some"})").find("\"track\"") != std::string::npos);
}

TEST_CASE("offline_tasks: an envelope that no processor could read is refused at the push") {
  auto job = some_job();
  job.args["text"] = std::string(offline_tasks::envelope_size_max.count, 'x');
  CHECK_THROWS_WITH_AS((void)job.encode(), doctest::Contains("job 01J (resize): the job has"),
                       Error);
  job.args = {{"text", "\xff"}};
  CHECK_THROWS_WITH_AS((void)job.encode(), doctest::Contains("not UTF-8"), Error);
  json::value deep = 1;
  for (std::size_t i = 0; i < json::depth_max; ++i) deep = json::array{deep};
  job.args = {{"deep", deep}};
  CHECK_THROWS_WITH_AS((void)job.encode(), doctest::Contains("nested deeper"), Error);
  std::string brackets(100, '[');
  brackets += "\"\\";  // inside a string, nothing nests
  job.args = {{"brackets", brackets}};
  CHECK(Envelope::decode(job.encode()).value().args == job.args);
}

TEST_CASE("offline_tasks: any bytes become a raw job that travels") {
  const auto text = offline_tasks::raw_job("hello", QueueName("inbox"), some_time);
  CHECK(text.task == "raw");
  CHECK(text.queue == "inbox");
  CHECK(text.args.at("body") == "hello");
  const auto bytes =
      offline_tasks::raw_job(std::string("\xff\0\x01g", 4), QueueName("inbox"), some_time);
  CHECK(bytes.args.at("body_base64") == "/wABZw==");
  CHECK(Envelope::decode(bytes.encode()).value().args == bytes.args);
}

TEST_CASE("offline_tasks: a failed attempt is noted, the last three stay") {
  auto job = some_job();
  for (int i = 0; i < 5; ++i)
    job = offline_tasks::after_failure(job, "failure " + std::to_string(i), some_time);
  CHECK(job.attempt == 5);
  REQUIRE(job.errors.size() == 3);
  CHECK(job.errors[0].why == "failure 2");
  CHECK(job.errors[2].attempt == 4);
  const auto noisy =
      offline_tasks::after_failure(some_job(), std::string(10'000, '\xff'), some_time);
  CHECK(noisy.errors[0].why == std::string(offline_tasks::error_size_max, '?'));
  CHECK(Envelope::decode(noisy.encode()));
}

TEST_CASE("offline_tasks: retries wait as Sidekiq's do, or as the job says") {
  auto job = some_job();
  job.attempt = 1;
  CHECK(retry_delay(job, 0) == 15s);
  CHECK(retry_delay(job, 1) == 25s);
  job.attempt = 4;
  CHECK(retry_delay(job, 0) == 81s + 15s);
  CHECK(retry_delay(job, 0.5) == 81s + 15s + 20s);
  job.backoff = {1s, 2s};
  CHECK(retry_delay(job, 1) == 2s);
  job.attempt = 1;
  CHECK(retry_delay(job, 1) == 1s);
}

TEST_CASE("offline_tasks: the broker is told priority, times, id and unique key") {
  auto job = some_job();
  job.priority = Priority{1};
  job.run_at = some_time + 1500ms;
  job.expires = some_time + 1h;
  job.unique = {{"key", "mail:42"}};
  const auto options = offline_tasks::broker_options(job, some_time);
  CHECK(options.priority == Priority{1});
  CHECK(options.delay == 1500ms);
  CHECK(options.expires_in == 0ms);  // an expired job dies with its reason, it does not vanish
  CHECK(options.id == "01J");
  CHECK(options.unique_key.size() == 32);
  CHECK(options.unique_key != offline_tasks::unique_key_digest("mail:43"));
  const auto later = offline_tasks::broker_options(job, some_time + 2h);
  CHECK(later.delay == 0ms);
  job.run_at = WallTime::max();
  CHECK(offline_tasks::broker_options(job, some_time).delay == offline_tasks::span_max);
  job.expires = some_time + 1h;
  const auto successor = offline_tasks::successor_options(job, 7s);
  CHECK(successor.delay == 7s);
  CHECK(successor.id == "");
  CHECK(successor.unique_key == "");
}

TEST_CASE("offline_tasks: a later attempt has a higher token than any delivery of an earlier one") {
  using offline_tasks::Token;
  CHECK(Token::of(1, 1) > Token::of(0, 0xffff'ffff));
  CHECK(Token::of(0, 8) > Token::of(0, 7));
  CHECK(Token::of(0, 1ULL << 40) > Token::of(0, (1ULL << 40) - 1));  // ids pass 32 bits
}

TEST_CASE("offline_tasks: the limit of deliveries goes to the queue, with every successor too") {
  Envelope job = some_job();
  job.max_deliveries = 100;
  const auto read = Envelope::decode(job.encode());
  REQUIRE(read);
  CHECK(read->max_deliveries == 100);
  CHECK(offline_tasks::broker_options(*read, some_time).deliveries_max == 100);
  CHECK(offline_tasks::successor_options(*read, 7s).deliveries_max == 100);
}

TEST_CASE("offline_tasks: what follows a job, and how long its key is held, travel with it") {
  auto job = Envelope::decode(R"({"v":1,"id":"j","task":"t","created":"2026-11-21T13:00:00.000Z",
      "track":"none","keep_failed":false,"keep_result":false,"unique":{"key":"k","for":90.5},
      "on_done":[{"task":"next","args":{"n":1},"queue":"q"},{"exec":["bin/say","it"]}]})");
  REQUIRE(job);
  job = Envelope::decode(job->encode());
  CHECK(job->track == offline_tasks::Track::none);
  CHECK_FALSE(job->keeps_failed);
  CHECK_FALSE(job->keeps_result);
  CHECK(*job->unique_until() == job->created + std::chrono::milliseconds(90'500));
  REQUIRE(job->on_done.size() == 2);
  CHECK(job->on_done[0].args.at("n") == 1);
  CHECK(job->on_done[0].queue == "q");
  CHECK(job->on_done[1].exec == std::vector<std::string>{"bin/say", "it"});
  CHECK_THROWS_WITH_AS((void)Envelope::decode(R"({"task":"t","on_done":[{}]})"),
                       doctest::Contains("exactly one of task, webhook and exec"), Error);
}
