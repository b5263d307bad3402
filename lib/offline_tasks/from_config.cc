#include "offline_tasks/from_config.h"

#include "base/error.h"

namespace daemonz::offline_tasks {
namespace {

[[noreturn]] void refuse(const config::Config& config, const std::string& key,
                         const std::string& what) {
  throw Error(ErrorText{.what = "this version does not do " + what + " yet",
                        .where = config.shown(config.path) + ": " + key,
                        .hint = "Take the key out."});
}

void refuse_unbuilt(const config::Config& config) {
  using config::Push;
  const auto& push = config.push;
  if (push.strategy != Push::Strategy::queue)
    refuse(config, "push.strategy", "a strategy other than `queue` from daemonz.yml");
  if (push.fallback != std::vector{Push::Fallback::queue})
    refuse(config, "push.fallback", "fallbacks beyond `queue`");
  if (!push.signing_keys.empty() || !push.sign_with.empty())
    refuse(config, "push.signing_keys", "signed jobs");
  for (const auto& [name, task] : config.tasks) {
    if (task.track == config::Task::Track::none)
      refuse(config, "tasks." + name + ".track", "`none`");
    if (task.keep_failed || task.keep_result)
      refuse(config, "tasks." + name, "keep_failed and keep_result");
  }
}

Options options_of(const config::Task& task) {
  Options options{.queue = task.queue,
                  .delay = task.delay,
                  .timeout = task.timeout,
                  .expires_in = task.expires_in};
  if (task.priority) options.priority = Priority{static_cast<std::uint8_t>(*task.priority)};
  if (task.max_attempts) options.max_attempts = static_cast<std::uint32_t>(*task.max_attempts);
  if (task.max_deliveries)
    options.max_deliveries = static_cast<std::uint32_t>(*task.max_deliveries);
  if (task.track)
    options.track = task.track == config::Task::Track::all ? Track::all : Track::failures;
  return options;
}

}  // namespace

ConnectOptions connect_options(const config::Config& config) {
  refuse_unbuilt(config);
  ConnectOptions options{.broker = config.broker_url,
                         .database = config.database_url,
                         .deadline = config.push.deadline};
  for (const auto& [name, task] : config.tasks) options.tasks[name] = options_of(task);
  return options;
}

void connect_from_config(const std::string& path) {
  connect(connect_options(config::load_found(path)));
}

}  // namespace daemonz::offline_tasks
