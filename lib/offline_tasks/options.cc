#include "offline_tasks/options.h"

#include "base/error.h"

namespace daemonz::offline_tasks {
namespace {

constexpr std::size_t unique_key_size_max = 500;  // it travels in the envelope
constexpr std::string_view dead_suffix = ".dead";

[[noreturn]] void bad(std::string_view task, std::string_view option, std::string what) {
  throw Error(ErrorText{.what = "option \"" + std::string(option) + "\" " + std::move(what),
                        .where = "task " + std::string(task)});
}

void check_queue(std::string_view task, const std::string& queue) {
  const auto name = QueueName::parse(queue);
  if (!name) bad(task, "queue", "is \"" + queue + "\", not a queue name ([A-Za-z0-9_.:-])");
  if (name->is_dead_queue()) bad(task, "queue", "is \"" + queue + "\", which is for dead jobs");
  if (name->dead().text().size() > job_queue_name_size_max)
    bad(task, "queue",
        "is \"" + queue + "\", longer than " +
            std::to_string(job_queue_name_size_max - dead_suffix.size()) + " bytes");
}

void check_span(std::string_view task, std::string_view option,
                const std::optional<Milliseconds>& span, Milliseconds at_least) {
  if (span && *span < at_least)
    bad(task, option,
        "is " + std::to_string(span->count()) + " ms, at least " +
            std::to_string(at_least.count()) + " ms is possible");
  if (span && *span > span_max)
    bad(task, option, "is " + std::to_string(span->count()) + " ms, above the limit of 100 years");
}

void check_count(std::string_view task, std::string_view option,
                 const std::optional<std::uint32_t>& count, std::uint32_t at_most) {
  if (count && (*count < 1 || *count > at_most))
    bad(task, option,
        "is " + std::to_string(*count) + ", it must be in 1.." + std::to_string(at_most));
}

void check_on_done(std::string_view task, const std::vector<OnDone>& actions) {
  if (actions.size() > on_done_max)
    bad(task, "on_done",
        "has " + std::to_string(actions.size()) + " actions, at most " +
            std::to_string(on_done_max) + " are possible");
  for (const auto& action : actions) {
    try {
      (void)on_done_from(to_json(action));
    } catch (const Error& problem) {
      bad(task, "on_done", problem.what());
    }
    if (!action.task.empty() && !action.queue.empty()) check_queue(task, action.queue);
  }
}

}  // namespace

json::object to_json(const OnDone& action) {
  json::object to;
  if (!action.task.empty()) {
    to["task"] = action.task;
    to["args"] = action.args;
    if (!action.queue.empty()) to["queue"] = action.queue;
  }
  if (!action.webhook.empty()) to["webhook"] = action.webhook;
  if (!action.exec.empty()) to["exec"] = json::array(action.exec.begin(), action.exec.end());
  return to;
}

OnDone on_done_from(const json::object& from) {
  OnDone action{.task = json::string_of(from, "task").value_or(""),
                .queue = json::string_of(from, "queue").value_or(""),
                .webhook = json::string_of(from, "webhook").value_or("")};
  if (const auto* args = json::object_of(from, "args")) action.args = *args;
  if (const auto* words = json::array_of(from, "exec"))
    for (const auto& word : *words) {
      if (!word.is_string()) throw Error("\"exec\" must be an array of strings");
      action.exec.emplace_back(word.get_string());
    }
  const int named = !action.task.empty() + !action.webhook.empty() + !action.exec.empty();
  if (named != 1)
    throw Error("an action of on_done names exactly one of task, webhook and exec, found " +
                json::serialize(from));
  return action;
}

const char* to_string(Track track) {
  switch (track) {
    case Track::all: return "all";
    case Track::failures: return "failures";
    case Track::none: break;
  }
  return "none";
}

std::optional<Track> parse_track(std::string_view text) {
  if (text == "all") return Track::all;
  if (text == "failures") return Track::failures;
  if (text == "none") return Track::none;
  return {};
}

Options built_in() {
  return {.priority = priority_default,
          .max_attempts = max_attempts_default,
          .timeout = timeout_default};
}

Options merge(Options preferred, const Options& otherwise) {
  const auto fill = [](auto& field, const auto& from) {
    if (!field) field = from;
  };
  fill(preferred.queue, otherwise.queue);
  fill(preferred.priority, otherwise.priority);
  if (!preferred.delay && !preferred.run_at) {  // two spellings of one thing: when
    preferred.delay = otherwise.delay;
    preferred.run_at = otherwise.run_at;
  }
  fill(preferred.max_attempts, otherwise.max_attempts);
  fill(preferred.max_deliveries, otherwise.max_deliveries);
  fill(preferred.backoff, otherwise.backoff);
  fill(preferred.timeout, otherwise.timeout);
  fill(preferred.expires_in, otherwise.expires_in);
  fill(preferred.track, otherwise.track);
  fill(preferred.keep_failed, otherwise.keep_failed);
  fill(preferred.keep_result, otherwise.keep_result);
  fill(preferred.unique_key, otherwise.unique_key);
  fill(preferred.unique_for, otherwise.unique_for);
  fill(preferred.on_done, otherwise.on_done);
  preferred.context.insert(otherwise.context.begin(), otherwise.context.end());
  return preferred;
}

void check(const Options& options, std::string_view task) {
  if (options.queue) check_queue(task, *options.queue);
  if (options.priority && *options.priority > priority_last)
    bad(task, "priority",
        "is " + std::to_string(options.priority->level) + ", it must be in 0..9 (0 is first)");
  check_span(task, "delay", options.delay, Milliseconds(0));
  check_span(task, "timeout", options.timeout, Milliseconds(1));
  check_span(task, "expires_in", options.expires_in, Milliseconds(1));
  for (const auto wait : options.backoff.value_or(std::vector<Milliseconds>{}))
    check_span(task, "backoff", wait, Milliseconds(0));
  check_count(task, "max_attempts", options.max_attempts, max_attempts_limit);
  check_count(task, "max_deliveries", options.max_deliveries, max_deliveries_limit);
  if (options.unique_key &&
      (options.unique_key->empty() || options.unique_key->size() > unique_key_size_max))
    bad(task, "unique_key", "must have 1.." + std::to_string(unique_key_size_max) + " bytes");
  check_span(task, "unique_for", options.unique_for, Milliseconds(1));
  if (options.unique_for && !options.unique_key)
    bad(task, "unique_for", "needs a unique_key: what is to be the only one?");
  if (options.on_done) check_on_done(task, *options.on_done);
}

}  // namespace daemonz::offline_tasks
