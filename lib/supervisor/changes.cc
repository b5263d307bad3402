#include "supervisor/changes.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/error.h"

namespace daemonz::supervisor {
namespace {

using config::Daemon;

// Every part ends with a zero byte, so that ["a b"] and ["a", "b"] differ.
void put(std::string& text, const std::string& part) {
  text += part;
  text += '\0';
}
void put(std::string& text, std::int64_t number) { put(text, std::to_string(number)); }
void put(std::string& text, const std::vector<std::string>& parts) {
  for (const auto& part : parts) put(text, part);
}
template <class T>
void put(std::string& text, const std::optional<T>& value) {
  if (value) put(text, static_cast<std::int64_t>(*value));
  text += '\0';
}

void put(std::string& text, const config::Ready& check) {
  put(text, static_cast<std::int64_t>(check.kind));
  put(text, check.host);
  put(text, check.port);
  put(text, check.target);
  put(text, check.command);
  put(text, check.timeout.count());
}

// One key of the file: what it says, as text, and whether a running process has it built in.
struct Key {
  const char* name;
  bool is_of_process;
  void (*put_value)(std::string& text, const Daemon& daemon);
};

constexpr Key keys[] = {
    {"command", true, [](auto& text, const Daemon& one) { put(text, one.command); }},
    {"type", true, [](auto& text, const Daemon& one) { put(text, static_cast<int>(one.type)); }},
    {"pids", true, [](auto& text, const Daemon& one) { put(text, one.pid_files); }},
    {"env", true,
     [](auto& text, const Daemon& one) {
       for (const auto& [name, value] : one.env) put(text, name + "=" + value);
     }},
    {"cwd", true, [](auto& text, const Daemon& one) { put(text, one.working_folder); }},
    {"umask", true, [](auto& text, const Daemon& one) { put(text, one.umask); }},
    {"user", true, [](auto& text, const Daemon& one) { put(text, one.user); }},
    {"group", true, [](auto& text, const Daemon& one) { put(text, one.group); }},
    {"limits", true,
     [](auto& text, const Daemon& one) {
       for (const auto& [resource, limit] : one.limits.resources) {
         put(text, resource);
         put(text, std::to_string(limit.rlim_cur) + ":" + std::to_string(limit.rlim_max));
       }
       put(text, one.limits.nice);
       put(text, one.limits.oom_score_adj);
     }},
    {"watchdog", true,
     [](auto& text, const Daemon& one) { put(text, one.watchdog ? one.watchdog->count() : 0); }},
    {"log.stderr", true,
     [](auto& text, const Daemon& one) { put(text, one.log.stderr_path.empty() ? 0 : 1); }},
    // A group or a mark for the whole tree is given at the launch.
    {"stop.kill", true,
     [](auto& text, const Daemon& one) { put(text, static_cast<int>(one.stop.kill)); }},
    {"limits.memory", false,
     [](auto& text, const Daemon& one) {
       put(text, one.limits.memory ? static_cast<std::int64_t>(one.limits.memory->count) : -1);
     }},
    {"log", false,
     [](auto& text, const Daemon& one) {
       put(text, one.log.path);
       put(text, one.log.stderr_path);
       put(text, static_cast<std::int64_t>(one.log.max_size.count));
       put(text, one.log.keep);
       put(text, static_cast<int>(one.log.timestamp));
       put(text, one.log.has_prefix ? 1 : 0);
     }},
    {"ready", false, [](auto& text, const Daemon& one) { put(text, one.ready); }},
    {"health", false,
     [](auto& text, const Daemon& one) {
       if (!one.health) return;
       put(text, one.health->check);
       put(text, one.health->interval.count());
       put(text, one.health->failures);
       put(text, static_cast<int>(one.health->policy));
     }},
    {"stop", false,
     [](auto& text, const Daemon& one) {
       put(text, one.stop.command);
       put(text, one.stop.delay_before_signal.count());
       put(text, one.stop.signal);
       put(text, one.stop.timeout.count());
     }},
    {"restart", false,
     [](auto& text, const Daemon& one) {
       const auto& restart = one.restart;
       put(text, static_cast<int>(restart.policy));
       for (const auto& time :
            {restart.delay, restart.max_delay, restart.reset_after, restart.within})
         put(text, time.count());
       put(text, std::to_string(restart.factor) + " " + std::to_string(restart.jitter));
       put(text, restart.limit);
     }},
    {"depends_on", false,
     [](auto& text, const Daemon& one) {
       for (const auto& [name, condition] : one.depends_on)
         put(text, name + " " + std::to_string(static_cast<int>(condition)));
     }},
    {"start_order", false, [](auto& text, const Daemon& one) { put(text, one.start_order); }},
    {"vital", false, [](auto& text, const Daemon& one) { put(text, one.is_vital ? 1 : 0); }},
    {"kill_patterns", false, [](auto& text, const Daemon& one) { put(text, one.kill_patterns); }},
};

std::string value_of(const Key& key, const Daemon& daemon) {
  std::string text;
  key.put_value(text, daemon);
  return text;
}

std::optional<Change> change_between(const PlannedInstance& now, const PlannedInstance& next) {
  Change change{.kind = Change::Kind::update, .planned = next};
  for (const auto& key : keys) {
    if (value_of(key, now.config) == value_of(key, next.config)) continue;
    change.keys.emplace_back(key.name);
    if (key.is_of_process) change.kind = Change::Kind::restart;
  }
  if (change.keys.empty() && now.name == next.name && now.rank == next.rank) return {};
  return change;
}

const PlannedInstance* find(const std::vector<PlannedInstance>& plan, const PlannedInstance& one) {
  const auto found = std::find_if(plan.begin(), plan.end(), [&one](const auto& other) {
    return other.daemon == one.daemon && other.index == one.index;
  });
  return found == plan.end() ? nullptr : &*found;
}

}  // namespace

std::vector<Change> changes_between(const std::vector<PlannedInstance>& now,
                                    const std::vector<PlannedInstance>& next) {
  std::vector<Change> changes;
  for (const auto& one : next) {
    const auto* const known = find(now, one);
    if (!known)
      changes.push_back({.kind = Change::Kind::add, .planned = one});
    else if (auto change = change_between(*known, one))
      changes.push_back(std::move(*change));
  }
  for (const auto& one : now)
    if (!find(next, one)) changes.push_back({.kind = Change::Kind::remove, .planned = one});
  return changes;
}

std::string sentence_of(const Change& change) {
  constexpr std::array<const char*, 4> verbs{"start", "stop", "restart", "update"};
  auto text = std::string(verbs[static_cast<std::size_t>(change.kind)]) + " " + change.planned.name;
  std::string names;
  for (const auto& key : change.keys) names += (names.empty() ? "" : ", ") + key;
  return names.empty() ? text : text + " (" + names + ")";
}

// FNV-1a, 64 bit.
std::string fingerprint_of(const Daemon& daemon) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const auto& key : keys) {
    if (!key.is_of_process) continue;
    for (const char c : value_of(key, daemon) + '\1')
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

}  // namespace daemonz::supervisor
