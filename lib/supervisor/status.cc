// The command that only looks: status.
#include <algorithm>
#include <cstdio>
#include <ostream>

#include "base/check.h"
#include "base/error.h"
#include "base/json.h"
#include "base/units.h"
#include "process/lock_file.h"
#include "supervisor/answers.h"
#include "supervisor/commands.h"
#include "supervisor/control.h"
#include "supervisor/home.h"
#include "supervisor/table.h"

namespace daemonz::supervisor {
namespace {

constexpr Seconds answer_time(5);  // a supervisor answers in milliseconds, or hangs

// Linux Standard Base, "Init Script Actions".
constexpr int lsb_running = 0;
constexpr int lsb_dead = 1;
constexpr int lsb_stopped = 3;
constexpr int lsb_unknown = 4;

std::string percent(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f%%", value);
  return text;
}

Row row_of(const json::object& one) {
  const auto seconds = json::number_of(one, "up_s");
  const auto cpu = json::number_of(one, "cpu_percent");
  const auto rss = json::integer_of(one, "rss_bytes");
  const auto pid = json::integer_of(one, "pid");
  return {*json::string_of(one, "name"),
          *json::string_of(one, "state"),
          pid ? std::to_string(*pid) : "-",
          seconds ? to_string(Milliseconds(static_cast<std::int64_t>(*seconds * 10) * 100)) : "-",
          std::to_string(*json::integer_of(one, "restarts")),
          cpu ? percent(*cpu) : "-",
          rss ? to_string(Bytes(static_cast<std::uint64_t>(*rss))) : "-",
          json::boolean_of(one, "reloading").value_or(false) ? "reloading"
          : *json::boolean_of(one, "ready")                  ? "yes"
                                                             : "no"};
}

Row chosen_cells(const Row& row, const std::vector<std::string>& fields) {
  Row chosen;
  for (const auto& field : fields) {
    const auto* const known = std::find(status_fields.begin(), status_fields.end(), field);
    DAEMONZ_CHECK(known != status_fields.end(), "the command line lets no other field through");
    chosen.push_back(row[static_cast<std::size_t>(known - status_fields.begin())]);
  }
  return chosen;
}

// What one instance says about the whole.
int code_of(const json::object& one) {
  const auto state = *json::string_of(one, "state");
  if (!*json::boolean_of(one, "wanted")) return lsb_stopped;
  if (*json::boolean_of(one, "ready")) return lsb_running;
  if (state == "EXITED" && json::string_of(one, "why") == "exit code 0") return lsb_running;
  if (state == "FATAL" || state == "EXITED" || state == "BACKOFF" || state == "UNHEALTHY")
    return lsb_dead;
  return lsb_unknown;
}

int code_of(const json::array& rows) {
  bool is_any_wanted = false, is_any_dead = false, is_any_unknown = false;
  for (const auto& row : rows) {
    const int code = code_of(row.as_object());
    is_any_wanted |= code != lsb_stopped;
    is_any_dead |= code == lsb_dead;
    is_any_unknown |= code == lsb_unknown;
  }
  if (!is_any_wanted) return lsb_stopped;
  return is_any_dead ? lsb_dead : is_any_unknown ? lsb_unknown : lsb_running;
}

int say_absent(const Caller& caller, bool is_json, int code, const std::string& text) {
  if (is_json)
    caller.data << json::serialize(json::object{{"version", control_version},
                                                {"ok", false},
                                                {"error", text},
                                                {"supervisor", nullptr},
                                                {"instances", json::array{}}})
                << '\n';
  else
    caller.talk << "daemonz: " << text << '\n';
  return code;
}

int status_without_answer(const Caller& caller, bool is_json) {
  const auto& lock = caller.config.lock_file;
  if (const auto pid = process::LockFile::holder_of(lock))
    return say_absent(caller, is_json, lsb_unknown,
                      "the supervisor (pid " + std::to_string(*pid) +
                          ") holds the lock but does not answer: is it starting or stopping?");
  if (const auto pid = process::LockFile::last_holder_of(lock))
    return say_absent(
        caller, is_json, lsb_dead,
        "the supervisor (pid " + std::to_string(*pid) +
            ") is gone, what it ran lives on. To take over: daemonz start; to end it: "
            "daemonz stop");
  return say_absent(caller, is_json, lsb_stopped, "stopped");
}

}  // namespace

int status(const Caller& caller, const StatusOptions& options) {
  const bool is_json = options.is_json;
  std::optional<std::string> line;
  try {
    line = ask(home_of(caller.config).control_socket,
               request_line({.command = Request::Command::status, .targets = options.targets}),
               {.deadline = real_clock().steady() + answer_time});
  } catch (const Error& problem) {
    return say_absent(caller, is_json, lsb_unknown, problem.what());
  }
  if (!line) return status_without_answer(caller, is_json);
  const auto memory = json::make_shared_resource<json::monotonic_resource>();
  const auto parsed = json::parse(*line, "answer of the supervisor", memory);
  const auto& answer = parsed.as_object();
  if (const auto why = json::string_of(answer, "error"))
    return say_absent(caller, is_json, lsb_unknown, *why);
  const auto& rows = *json::array_of(answer, "instances");
  if (is_json) {
    caller.data << *line << '\n';
    return code_of(rows);
  }
  std::vector<Row> table{{"NAME", "STATE", "PID", "UP", "RESTARTS", "CPU", "RSS", "READY"}};
  for (const auto& row : rows) table.push_back(row_of(row.as_object()));
  if (!options.fields.empty())
    for (auto& row : table) row = chosen_cells(row, options.fields);
  print_table(caller.data, table);
  for (const auto& row : rows) {
    const auto& one = row.as_object();
    if (code_of(one) == lsb_dead && *json::boolean_of(one, "wanted"))
      caller.talk << "daemonz: " << *json::string_of(one, "name") << ": "
                  << *json::string_of(one, "why")
                  << ". Its log: " << caller.config.shown(*json::string_of(one, "log")) << '\n';
  }
  return code_of(rows);
}

}  // namespace daemonz::supervisor
