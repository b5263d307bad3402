#include "supervisor/answers.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/json.h"
#include "supervisor/control.h"

namespace daemonz::supervisor {
namespace {

constexpr int lines_shown = 10;         // of a failed instance's log: the cause, not the history
constexpr int tries_before_report = 2;  // `start` waits for a second try before it calls it failed

struct CommandName {
  Request::Command command;
  const char* name;
};
constexpr std::array<CommandName, 10> command_names{{{Request::Command::status, "status"},
                                                     {Request::Command::wait_until_up, "wait"},
                                                     {Request::Command::start, "start"},
                                                     {Request::Command::stop, "stop"},
                                                     {Request::Command::restart, "restart"},
                                                     {Request::Command::reload, "reload"},
                                                     {Request::Command::scale, "scale"},
                                                     {Request::Command::signal, "signal"},
                                                     {Request::Command::events, "events"},
                                                     {Request::Command::shutdown, "shutdown"}}};

json::object answer(bool is_ok, json::storage_ptr memory = {}) {
  return json::object({{"version", control_version}, {"ok", is_ok}}, std::move(memory));
}

double cpu_percent(const process::ProcessStat& stat, double seconds_up) {
  const auto ticks = static_cast<double>(stat.user_ticks + stat.system_ticks);
  const double seconds = ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return seconds_up > 0 ? 100 * seconds / seconds_up : 0;
}

using Stat = std::optional<process::ProcessStat>;

json::object to_json(const Supervised& one, const Stat& stat, json::storage_ptr memory = {}) {
  const auto& planned = one.planned();
  const auto& instance = one.instance();
  json::object object({{"name", planned.name},
                       {"daemon", planned.daemon},
                       {"index", planned.index},
                       {"state", std::string(name_of(instance.state))},
                       {"wanted", instance.is_wanted},
                       {"ready", instance.is_ready},
                       {"reloading", instance.is_ready && one.is_reloading()},
                       {"restarts", instance.restarts},
                       {"pid", nullptr},
                       {"up_s", nullptr},
                       {"cpu_percent", nullptr},
                       {"rss_bytes", nullptr},
                       {"why", one.why()},
                       {"status", one.status_text()},
                       {"log", one.log_path()},
                       {"log_dropped_bytes", one.dropped_bytes()}},
                      std::move(memory));
  if (!stat || !one.launched_at()) return object;
  const double seconds =
      std::chrono::duration<double>(real_clock().steady() - *one.launched_at()).count();
  object["pid"] = one.pid();
  object["up_s"] = seconds;
  object["cpu_percent"] = cpu_percent(*stat, seconds);
  object["rss_bytes"] = stat->resident_bytes;
  return object;
}

bool has_failed(const Supervised& one) {
  const auto& instance = one.instance();
  if (!instance.is_wanted) return false;
  if (instance.state == State::fatal) return true;
  if (instance.state == State::exited) return !one.has_ended_well();
  const auto& health = one.planned().config.health;  // replaced otherwise, which decides
  if (instance.state == State::unhealthy && health &&
      health->policy == config::Health::Policy::keep)
    return true;
  const bool was_up = instance.was_ready && !one.planned().policy.is_ready_when_launched;
  return instance.state == State::backoff && !was_up &&
         instance.failures_in_row >= tries_before_report;
}

bool is_up_or_failed(const Supervised& one, SteadyTime now) {
  const auto& instance = one.instance();
  if (!instance.is_wanted) return instance.state == State::stopped;
  const auto up_from = one.up_from();
  return (up_from && *up_from <= now) || instance.state == State::exited || has_failed(one);
}

// It waits for something that will not come without a person.
bool is_blocked(const Supervised& one, const std::vector<std::unique_ptr<Supervised>>& all) {
  if (one.instance().state != State::waiting) return false;
  const auto& config = one.planned().config;
  return std::any_of(all.begin(), all.end(), [&](const auto& other) {
    const bool is_needed = config.depends_on.contains(other->planned().daemon);
    const bool is_earlier = other->planned().config.start_order < config.start_order;
    if (!is_needed && !is_earlier) return false;
    return has_failed(*other) || (is_needed && !other->instance().is_wanted) ||
           (other->planned().rank < one.planned().rank && is_blocked(*other, all));
  });
}

}  // namespace

Request parse_request(const std::string& line) {
  const auto parsed = json::parse(line, "control request");
  if (!parsed.is_object()) throw Error("a control request is one JSON object per line");
  const auto& object = parsed.get_object();
  if (json::integer_of(object, "version") != control_version)
    throw Error("this supervisor speaks version 1 of the control protocol");
  const auto name = json::string_of(object, "command").value_or("");
  const auto known = std::find_if(command_names.begin(), command_names.end(),
                                  [&](const auto& one) { return name == one.name; });
  if (known == command_names.end()) throw Error("there is no control command \"" + name + "\"");
  Request request{.command = known->command};
  if (const auto* targets = json::array_of(object, "targets"))
    for (const auto& target : *targets) {
      if (!target.is_string()) throw Error("\"targets\" must hold names");
      request.targets.emplace_back(target.get_string());
    }
  request.signal = static_cast<int>(json::integer_of(object, "signal").value_or(0));
  request.is_waiting = json::boolean_of(object, "wait").value_or(true);
  request.is_dry_run = json::boolean_of(object, "dry_run").value_or(false);
  request.is_keeping = json::boolean_of(object, "keep").value_or(false);
  request.instances = static_cast<int>(json::integer_of(object, "instances").value_or(-1));
  if (request.command == Request::Command::scale &&
      (request.targets.size() != 1 || request.instances < 0))
    throw Error("\"scale\" needs one name in \"targets\", and \"instances\"");
  if (request.command == Request::Command::signal && request.signal <= 0)
    throw Error("\"signal\" must be a signal number");
  return request;
}

std::string request_line(const Request& request) {
  json::array targets;
  for (const auto& target : request.targets) targets.emplace_back(target);
  const auto known = std::find_if(command_names.begin(), command_names.end(),
                                  [&](const auto& one) { return request.command == one.command; });
  json::object object{{"version", control_version}, {"command", known->name}};
  if (!targets.empty()) object["targets"] = std::move(targets);
  if (request.signal > 0) object["signal"] = request.signal;
  if (!request.is_waiting) object["wait"] = false;
  if (request.is_dry_run) object["dry_run"] = true;
  if (request.is_keeping) object["keep"] = true;
  if (request.command == Request::Command::scale) object["instances"] = request.instances;
  return json::serialize(object);
}

std::string done_answer() { return json::serialize(answer(true)); }

std::string stopping_answer(Milliseconds stop_time) {
  auto object = answer(true);
  object["stop_ms"] = stop_time.count();
  return json::serialize(object);
}

std::string refusal(const std::string& why) {
  auto object = answer(false);
  object["error"] = why;
  return json::serialize(object);
}

std::string status_answer(const std::vector<Supervised*>& instances) {
  const auto memory = json::make_shared_resource<json::monotonic_resource>();
  auto object = answer(true, memory);
  object["supervisor"] = json::object{{"pid", ::getpid()}};
  json::array rows(memory);
  rows.reserve(instances.size());
  std::vector<pid_t> pids;
  for (const auto* one : instances) pids.push_back(one->pid());
  const auto stats = process::stats_of(pids);
  for (std::size_t i = 0; i < instances.size(); ++i)
    rows.push_back(to_json(*instances[i], stats[i], memory));
  object["instances"] = std::move(rows);
  return json::serialize(object);
}

std::string up_answer(const std::vector<Supervised*>& instances) {
  json::array failed, waiting, stopped;
  int ready = 0;
  for (const auto* one : instances) {
    if (has_failed(*one)) {
      auto row = to_json(*one, one->pid() > 0 ? process::stat_of(one->pid()) : std::nullopt);
      row["last_lines"] = one->last_lines(lines_shown);
      failed.push_back(std::move(row));
    } else if (!one->instance().is_wanted) {
      stopped.emplace_back(one->planned().name);
    } else if (!is_up_or_failed(*one, real_clock().steady())) {
      waiting.emplace_back(one->planned().name);
    } else {
      ++ready;
    }
  }
  auto object = answer(failed.empty() && waiting.empty() && stopped.empty());
  object["ready"] = ready;
  object["failed"] = std::move(failed);
  object["waiting"] = std::move(waiting);
  object["stopped"] = std::move(stopped);
  return json::serialize(object);
}

std::string with_list(const std::string& answer, const char* key,
                      const std::vector<std::string>& values) {
  auto object = json::parse(answer, "own answer").as_object();
  json::array list;
  for (const auto& value : values) list.emplace_back(value);
  object[key] = std::move(list);
  return json::serialize(object);
}

bool Waiter::is_over(const std::vector<std::unique_ptr<Supervised>>& all, SteadyTime now) const {
  if (goal == Goal::down)
    return std::all_of(targets.begin(), targets.end(),
                       [](const auto* one) { return one->is_settled_down(); });
  return std::all_of(targets.begin(), targets.end(), [&](const auto* one) {
    return is_up_or_failed(*one, now) || is_blocked(*one, all);
  });
}

std::optional<SteadyTime> Waiter::next_look(SteadyTime now) const {
  std::optional<SteadyTime> next;
  for (const auto* one : targets)
    if (const auto up_from = one->up_from(); up_from && *up_from > now)
      next = std::min(next.value_or(*up_from), *up_from);
  return next;
}

}  // namespace daemonz::supervisor
