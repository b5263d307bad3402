// `daemonz check`: the resolved plan, every value with where it comes from, every fault. The health
// checks of instances are check.h.
#include <algorithm>
#include <filesystem>
#include <ostream>

#include "base/json.h"
#include "supervisor/commands.h"
#include "supervisor/plan.h"
#include "supervisor/supervisor.h"
#include "supervisor/table.h"

namespace daemonz::supervisor {
namespace {

constexpr int check_version = 1;  // of the JSON
constexpr int exit_good = 0;
constexpr int exit_missing = 1;  // something on this machine
constexpr int exit_faulty = 2;   // the file

std::string name_of(config::Ready::Kind kind) {
  using Kind = config::Ready::Kind;
  switch (kind) {
    case Kind::started: return "started";
    case Kind::notify: return "notify";
    case Kind::tcp: return "tcp";
    case Kind::unix_socket: return "unix";
    case Kind::memcache: return "memcache";
    case Kind::http: return "http";
    case Kind::exec: return "exec";
    case Kind::log: return "log";
  }
  return "?";
}

const char* name_of(config::Condition condition) {
  switch (condition) {
    case config::Condition::ready: return "ready";
    case config::Condition::started: return "started";
    case config::Condition::completed: return "completed";
  }
  return "?";
}

// "queue:ready mail:started"
std::string dependencies_of(const config::Daemon& daemon) {
  std::vector<std::string> texts;
  for (const auto& [name, condition] : daemon.depends_on)
    texts.push_back(name + ":" + name_of(condition));
  return texts.empty() ? "-" : joined(texts);
}

std::string place_of(const Caller& caller, const std::string& from) {
  return caller.config.shown(from);
}

void print_plan(const Caller& caller, const Plan& plan) {
  std::vector<Row> table{{"WAVE", "NAME", "READY", "AFTER", "STOP", "LOG", "COMMAND"}};
  for (const auto& one : plan.instances)
    table.push_back({std::to_string(one.rank), one.name, name_of(one.config.ready.kind),
                     dependencies_of(one.config), to_string(config::longest_stop(one.config.stop)),
                     caller.config.shown(one.config.log.path), joined(one.config.command)});
  print_table(caller.data, table);
  std::vector<std::string> disabled;
  for (const auto& daemon : caller.config.daemons)
    if (daemon.is_disabled) disabled.push_back(daemon.name);
  if (!disabled.empty()) caller.data << "\ndisabled: " << joined(disabled) << '\n';
}

void print_values(const Caller& caller, const std::vector<config::Value>& values) {
  std::vector<Row> table{{"KEY", "VALUE", "FROM"}};
  for (const auto& [key, value, from] : values)
    table.push_back({key, caller.config.shown(value), place_of(caller, from)});
  caller.data << '\n';
  print_table(caller.data, table);
}

json::object object_of(const Caller& caller, const PlannedInstance& one) {
  json::array command;
  for (const auto& word : one.config.command) command.push_back(json::value(word));
  json::object after;
  for (const auto& [name, condition] : one.config.depends_on) after[name] = name_of(condition);
  return {{"name", one.name},
          {"wave", one.rank},
          {"ready", name_of(one.config.ready.kind)},
          {"after", std::move(after)},
          {"stop_ms", config::longest_stop(one.config.stop).count()},
          {"log", caller.config.shown(one.config.log.path)},
          {"command", std::move(command)}};
}

void print_json(const Caller& caller, const Plan& plan, const std::vector<config::Value>& values) {
  json::array instances, rows, notes, faults;
  for (const auto& one : plan.instances) instances.push_back(object_of(caller, one));
  for (const auto& [key, value, from] : values)
    rows.push_back(json::object{{"key", key}, {"value", value}, {"from", place_of(caller, from)}});
  for (const auto& note : caller.config.notes) notes.push_back(json::value(note));
  for (const auto* list : {&plan.faults, &plan.obstacles})
    for (const auto& sentence : *list) faults.push_back(json::value(sentence));
  caller.data << json::serialize(json::object{{"version", check_version},
                                              {"ok", plan.is_good()},
                                              {"instances", std::move(instances)},
                                              {"values", std::move(rows)},
                                              {"notes", std::move(notes)},
                                              {"faults", std::move(faults)}})
              << '\n';
}

}  // namespace

int check(const Caller& caller, const PlanReportOptions& options) {
  const auto folder = std::filesystem::path(caller.program).parent_path().string();
  const auto plan = make_plan(caller.config, folder);
  if (options.is_json) {
    print_json(caller, plan, options.values);
  } else {
    print_plan(caller, plan);
    print_values(caller, options.values);
  }
  for (const auto& note : caller.config.notes) caller.talk << note << '\n';
  if (plan.is_good()) return exit_good;
  caller.talk << sentences_of(plan) << '\n';
  return plan.faults.empty() ? exit_missing : exit_faulty;
}

void print_faults_as_json(std::ostream& out, const config::Faults& faults) {
  json::array rows;
  for (const auto& fault : faults.list()) rows.push_back(json::value(fault.sentence));
  out << json::serialize(json::object{{"version", check_version},
                                      {"ok", false},
                                      {"instances", json::array{}},
                                      {"values", json::array{}},
                                      {"notes", json::array{}},
                                      {"faults", std::move(rows)}})
      << '\n';
}

}  // namespace daemonz::supervisor
