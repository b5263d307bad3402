#include "offline_tasks/options.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace daemonz;
using namespace std::chrono_literals;
using offline_tasks::merge;
using offline_tasks::Options;

namespace {

std::string fault_of(const Options& options) {
  try {
    offline_tasks::check(options, "resize");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("offline_tasks: a caller who sets only a delay keeps the task's other options") {
  const Options task{.queue = "slow", .max_attempts = 3, .timeout = 60s};
  const auto merged = merge(merge({.delay = 5s}, task), offline_tasks::built_in());
  CHECK(merged.delay == 5s);
  CHECK(merged.max_attempts == 3);
  CHECK(merged.timeout == 60s);
  CHECK(merged.queue == "slow");
  CHECK(merged.priority == priority_default);
}

TEST_CASE("offline_tasks: the preferred place wins field by field") {
  const Options call{.priority = Priority{0}, .context = {{"locale", "de"}}};
  const Options yml{
      .priority = Priority{9}, .max_attempts = 7, .context = {{"locale", "en"}, {"trace", "x"}}};
  const auto merged = merge(call, yml);
  CHECK(merged.priority == Priority{0});
  CHECK(merged.max_attempts == 7);
  CHECK(merged.context.at("locale") == "de");
  CHECK(merged.context.at("trace") == "x");
}

TEST_CASE(
    "offline_tasks: a delay at the call site beats a run_at of the task, and the other way round") {
  const auto noon = from_unix_milliseconds(1'000);
  CHECK_FALSE(merge({.delay = 5s}, {.run_at = noon}).run_at);
  const auto merged = merge({.run_at = noon}, {.delay = 5s});
  CHECK(merged.run_at == noon);
  CHECK_FALSE(merged.delay);
}

TEST_CASE("offline_tasks: a bad option is refused with its task and its name") {
  CHECK(fault_of({.queue = "pictures", .priority = Priority{9}, .max_attempts = 1}) == "");
  CHECK(fault_of({.priority = Priority{10}}) ==
        "task resize: option \"priority\" is 10, it must be in 0..9 (0 is first)");
  CHECK(fault_of({.max_attempts = 0}).find("\"max_attempts\" is 0") != std::string::npos);
  CHECK(fault_of({.queue = "a b"}).find("\"queue\" is \"a b\"") != std::string::npos);
  CHECK(fault_of({.queue = std::string(55, 'q')}) == "");
  CHECK(fault_of({.queue = std::string(56, 'q')}).find("longer than 55 bytes") !=
        std::string::npos);
  CHECK(fault_of({.delay = -1ms}).find("\"delay\"") != std::string::npos);
  CHECK(fault_of({.backoff = {{1s, -1s}}}).find("\"backoff\"") != std::string::npos);
  CHECK(fault_of({.timeout = 0ms}).find("\"timeout\"") != std::string::npos);
  CHECK(fault_of({.queue = "pulls.dead"}).find("for dead jobs") != std::string::npos);
  for (const auto& too_long :
       {Options{.delay = 24h * 365 * 101}, Options{.timeout = Milliseconds::max()},
        Options{.backoff = {{Milliseconds::max()}}}, Options{.expires_in = 24h * 365 * 101}})
    CHECK(fault_of(too_long).find("above the limit of 100 years") != std::string::npos);
  CHECK(fault_of({.unique_key = ""}).find("\"unique_key\"") != std::string::npos);
}

TEST_CASE("options: how often a job may be handed out is merged and has a limit") {
  Options task{.max_deliveries = 100};
  CHECK(merge(Options{.max_attempts = 2}, task).max_deliveries == 100);
  CHECK_THROWS_WITH_AS(offline_tasks::check(Options{.max_deliveries = 0}, "grade"),
                       doctest::Contains("max_deliveries"), Error);
  CHECK_THROWS_AS(offline_tasks::check(
                      Options{.max_deliveries = offline_tasks::max_deliveries_limit + 1}, "grade"),
                  Error);
}

TEST_CASE("offline_tasks: what a job leaves behind and what follows it is checked at the push") {
  using offline_tasks::OnDone;
  CHECK(fault_of({.unique_key = "mail:42", .unique_for = 10min}) == "");
  CHECK(fault_of({.unique_for = 10min}).find("\"unique_for\" needs a unique_key") !=
        std::string::npos);
  const OnDone mail{.exec = {"bin/notify", "--quick"}};
  CHECK(fault_of({.on_done = {{mail, {.task = "next"}, {.webhook = "http://here/"}}}}) == "");
  CHECK(fault_of({.on_done = {{OnDone{}}}}).find("exactly one of") != std::string::npos);
  CHECK(fault_of({.on_done = {{OnDone{.task = "next", .webhook = "http://here/"}}}})
            .find("exactly one of") != std::string::npos);
  CHECK(
      fault_of({.on_done = {{OnDone{.task = "next", .queue = "a b"}}}}).find("not a queue name") !=
      std::string::npos);
  CHECK(fault_of({.on_done = std::vector<OnDone>(9, mail)}).find("at most 8") != std::string::npos);
  const auto merged =
      merge(Options{.keep_failed = false}, {.keep_failed = true, .keep_result = false});
  CHECK(merged.keep_failed == false);
  CHECK(merged.keep_result == false);
}
