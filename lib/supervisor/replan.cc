#include "supervisor/replan.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "supervisor/home.h"
#include "supervisor/log_file.h"
#include "supervisor/supervisor.h"

namespace daemonz::supervisor {
namespace {

NewPlan compared(const Present& present, config::Config config, Wishes wishes) {
  auto plan = plan_of(config, wishes, present.program_folder);
  if (!plan.is_good()) throw Error("nothing was changed:\n" + sentences_of(plan));
  auto changes = changes_between(present.fleet.intended(), plan.instances);
  return {.config = std::move(config), .wishes = std::move(wishes), .changes = std::move(changes)};
}

void check_home(const config::Config& now, const config::Config& next) {
  const auto before = home_of(now), after = home_of(next);
  if (before.folder != after.folder || before.lock_file != after.lock_file)
    throw Error(ErrorText{.what = "state_dir or master_file is another one now",
                          .where = next.path,
                          .hint = "Only a restart can move them: daemonz restart"});
}

// A plan names an instance that is still on its way out: it stays.
Supervised& revived_or_new(const Change& change, Fleet& fleet) {
  auto* const retired = fleet.find_retired(change.planned.daemon, change.planned.index);
  if (!retired) return fleet.add(change.planned);
  retired->set_retired(false);
  retired->replan(change.planned, false);
  return *retired;
}

// Before anything is changed: a log file that cannot be opened is known now.
void check_logs(const NewPlan& plan) {
  for (const auto& change : plan.changes) {
    if (change.kind == Change::Kind::remove) continue;
    const auto& log = change.planned.config.log;
    for (const auto& path : {log.path, log.stderr_path})
      if (!path.empty()) static_cast<void>(LogFile(path, log));
  }
}

// All or none.
void add_all(const NewPlan& plan, Fleet& fleet) {
  std::vector<Supervised*> added;
  try {
    for (const auto& change : plan.changes)
      if (change.kind == Change::Kind::add) added.push_back(&revived_or_new(change, fleet));
  } catch (const Error&) {
    for (auto* const instance : added) instance->set_retired(true);
    throw;
  }
}

}  // namespace

Plan plan_of(const config::Config& config, const Wishes& wishes,
             const std::string& program_folder) {
  if (wishes.scaled.empty()) return make_plan(config, program_folder);
  auto wanted = config;
  wishes.apply_to(wanted);
  return make_plan(wanted, program_folder);
}

NewPlan plan_reload(const Present& present) {
  auto config = config::load(present.config.path);
  check_home(present.config, config);
  return compared(present, std::move(config), present.wishes);
}

NewPlan plan_scale(const Present& present, const std::string& name, int instances) {
  auto config = present.config;
  const auto daemon = std::find_if(config.daemons.begin(), config.daemons.end(),
                                   [&name](const auto& one) { return one.name == name; });
  if (daemon == config.daemons.end() || daemon->is_disabled)
    throw Error(
        ErrorText{.what = "there is no daemon " + name, .hint = "daemonz status lists them"});
  if (instances < 0 || instances > config::instances_max)
    throw Error(name + " can have 0 to " + std::to_string(config::instances_max) + " instances");
  constexpr int port_max = 65535;
  if (daemon->port && *daemon->port + instances - 1 > port_max)
    throw Error(name + ": there is no port for so many instances (port + index is above 65535)");
  if (instances > 1 && daemon->log.path.find("${in") == std::string::npos)
    throw Error(name + ": log.path needs ${index} or ${instance} to have several instances");
  auto wishes = present.wishes;
  wishes.scaled.erase(name);
  if (instances != daemon->instances)
    wishes.scaled[name] = {.instances = instances, .configured = daemon->instances};
  return compared(present, std::move(config), std::move(wishes));
}

std::vector<std::pair<Supervised*, Event>> carry_out(const NewPlan& plan, Fleet& fleet) {
  check_logs(plan);
  add_all(plan, fleet);
  std::vector<std::pair<Supervised*, Event>> events;
  for (const auto& change : plan.changes) {
    const auto& planned = change.planned;
    log::info("supervisor", "plan changed", {{"change", sentence_of(change)}});
    auto* const instance = fleet.find(planned.daemon, planned.index);
    if (!instance) continue;
    if (change.kind == Change::Kind::add) {
      if (!plan.wishes.is_stopped(planned.daemon, planned.index))
        events.emplace_back(instance, Event::start);
      continue;
    }
    if (change.kind == Change::Kind::remove) {
      instance->set_retired(true);
      events.emplace_back(instance, Event::stop);
      continue;
    }
    const bool is_restart = change.kind == Change::Kind::restart;
    instance->replan(planned, !is_restart);
    if (is_restart && instance->instance().is_wanted) events.emplace_back(instance, Event::restart);
  }
  fleet.put_in_order();
  return events;
}

}  // namespace daemonz::supervisor
