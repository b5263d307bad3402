#include "supervisor/events.h"

#include <algorithm>

#include "base/clock.h"
#include "base/json.h"
#include "supervisor/answers.h"

namespace daemonz::supervisor {
namespace {

json::object event(std::string_view kind) {
  return {{"version", control_version}, {"event", kind}, {"time", to_iso8601(real_clock().wall())}};
}

}  // namespace

void EventStream::add(ControlServer::Reply reply, std::vector<std::string> targets) {
  std::erase_if(listeners_, [](const Listener& listener) { return !listener.send.is_open(); });
  reply(done_answer());
  listeners_.push_back({std::move(reply), std::move(targets)});
}

void EventStream::send(const std::string& line, const Chooses& chooses) {
  std::erase_if(listeners_, [](const Listener& listener) { return !listener.send.is_open(); });
  for (const auto& listener : listeners_)
    if (chooses(listener.targets)) listener.send(line);
}

void EventStream::tell(const Supervised& instance, State before) {
  if (listeners_.empty()) return;
  const auto& now = instance.instance();
  auto object = event("state");
  object["name"] = instance.planned().name;
  object["before"] = name_of(before);
  object["state"] = name_of(now.state);
  object["wanted"] = now.is_wanted;
  object["ready"] = now.is_ready;
  object["restarts"] = now.restarts;
  object["pid"] = instance.pid() > 0 ? json::value(instance.pid()) : json::value(nullptr);
  object["why"] = instance.why();
  send(json::serialize(object), [&](const std::vector<std::string>& targets) {
    return targets.empty() || std::any_of(targets.begin(), targets.end(), [&](const auto& target) {
             return is_meant(instance.planned(), target);
           });
  });
}

void EventStream::tell(std::string_view what) {
  if (listeners_.empty()) return;
  auto object = event("supervisor");
  object["state"] = what;
  send(json::serialize(object), [](const auto&) { return true; });
}

}  // namespace daemonz::supervisor
