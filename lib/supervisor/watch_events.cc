// The command that shows what happens: `daemonz events`.
#include <csignal>
#include <ostream>

#include "base/error.h"
#include "base/json.h"
#include "process/signals.h"
#include "supervisor/answers.h"
#include "supervisor/commands.h"
#include "supervisor/control.h"
#include "supervisor/home.h"

namespace daemonz::supervisor {
namespace {

// "2026-11-21T13:20:01.123Z processor:2 STARTING -> RUNNING pid=4121 restarts=0"
std::string sentence_of(const json::object& event) {
  auto text = json::string_of(event, "time").value_or("");
  const auto name = json::string_of(event, "name");
  if (!name) return text + " supervisor " + json::string_of(event, "state").value_or("");
  const auto state = json::string_of(event, "state").value_or("");
  text += " " + *name + " " + json::string_of(event, "before").value_or("") + " -> " + state;
  if (const auto pid = json::integer_of(event, "pid")) text += " pid=" + std::to_string(*pid);
  text += " restarts=" + std::to_string(json::integer_of(event, "restarts").value_or(0));
  const bool is_failure = state == "BACKOFF" || state == "EXITED" || state == "FATAL";
  return is_failure ? text + ": " + json::string_of(event, "why").value_or("") : text;
}

}  // namespace

int events(const Caller& caller, const EventsOptions& options) {
  const process::SignalWatch signals({SIGINT, SIGTERM});
  std::string refusal;
  const auto show = [&](const std::string& line) {
    const auto object = json::parse(line, "event of the supervisor").as_object();
    refusal = json::string_of(object, "error").value_or("");
    if (!refusal.empty()) return false;
    if (!json::string_of(object, "event")) return true;  // the answer to the request itself
    caller.data << (options.is_json ? line : sentence_of(object)) << std::endl;
    return static_cast<bool>(caller.data);
  };
  const bool is_there =
      ask_for_lines(home_of(caller.config).control_socket,
                    request_line({.command = Request::Command::events, .targets = options.targets}),
                    signals.fd(), show);
  if (!refusal.empty()) throw Error(refusal);
  if (!is_there)
    throw Error(
        ErrorText{.what = "the supervisor is not running", .hint = "To start it: daemonz start"});
  if (signals.take() || !caller.data) return 0;
  caller.talk << "daemonz: the supervisor has ended\n";
  return 1;
}

}  // namespace daemonz::supervisor
