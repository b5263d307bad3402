#include "processor/from_config.h"

#include "offline_tasks/from_config.h"

namespace daemonz::processor {
namespace {

TaskSettings settings_of(const config::Task& task) {
  using Told = config::Task::Isolation;
  TaskSettings settings{.command = task.command};
  if (task.memory) settings.memory_max = *task.memory;
  if (!task.command.empty())
    settings.isolation = Isolation::exec;
  else if (task.isolation == Told::fork)
    settings.isolation = Isolation::fork;
  return settings;
}

}  // namespace

void apply(const config::Config& config, Options& options) {
  options.broker = config.broker_url;
  options.database = config.database_url;
  options.signing = offline_tasks::signing_of(config);
  options.on_error = offline_tasks::hooks_of(config.on_error);
  options.runs_commands_of_jobs = config.runs_on_done_commands;
  for (const auto& [name, task] : config.tasks) options.tasks[name] = settings_of(task);
}

}  // namespace daemonz::processor
