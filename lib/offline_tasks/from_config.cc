#include "offline_tasks/from_config.h"

#include <cctype>
#include <fstream>

#include "base/error.h"

namespace daemonz::offline_tasks {
namespace {

Strategy strategy_of(config::Push::Strategy told) {
  using Told = config::Push::Strategy;
  switch (told) {
    case Told::queue: return Strategy::queue;
    case Told::http: return Strategy::http;
    case Told::async: return Strategy::async;
    case Told::in_line: return Strategy::in_call;
    case Told::fake: break;
  }
  return Strategy::fake;
}

Fallback fallback_of(config::Push::Fallback told) {
  using Told = config::Push::Fallback;
  switch (told) {
    case Told::queue: return Fallback::queue;
    case Told::spool: return Fallback::spool;
    case Told::in_line: return Fallback::in_call;
    case Told::discard: break;
  }
  return Fallback::discard;
}

Track track_of(config::Task::Track told) {
  using Told = config::Task::Track;
  if (told == Told::none) return Track::none;
  return told == Told::all ? Track::all : Track::failures;
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
  options.keep_failed = task.keep_failed;
  options.keep_result = task.keep_result;
  if (task.track) options.track = track_of(*task.track);
  return options;
}

}  // namespace

std::vector<Hook> hooks_of(const config::OnError& told) {
  std::vector<Hook> hooks;
  if (!told.command.empty()) hooks.push_back({.command = told.command, .webhook = {}});
  if (!told.webhook.empty()) hooks.push_back({.command = {}, .webhook = told.webhook});
  return hooks;
}

Signing signing_of(const config::Config& config) {
  Signing signing{.sign_with = config.push.sign_with, .lifetime = config.push.signature_lifetime};
  for (const auto& [id, path] : config.push.signing_keys) {
    std::ifstream file(path);
    std::string& key = signing.keys[id];
    if (!std::getline(file, key, '\0') && !file.eof())
      throw Error(ErrorText{.what = "cannot read the signing key " + id,
                            .where = path,
                            .hint = "Make one: openssl rand -hex 32 >" + config.shown(path)});
    while (!key.empty() && std::isspace(static_cast<unsigned char>(key.back()))) key.pop_back();
  }
  check(signing);
  return signing;
}

ConnectOptions connect_options(const config::Config& config) {
  const auto& push = config.push;
  ConnectOptions options{.strategy = strategy_of(push.strategy),
                         .broker = config.broker_url,
                         .url = push.url,
                         .database = config.database_url,
                         .deadline = push.deadline,
                         .fallback = {},
                         .spool = push.spool_dir,
                         .signing = signing_of(config)};
  for (const auto& [tasks, queue] : push.routes) options.routes.push_back({tasks, queue});
  for (const auto told : push.fallback) options.fallback.push_back(fallback_of(told));
  for (const auto& [name, task] : config.tasks) options.tasks[name] = options_of(task);
  return options;
}

ConnectOptions queue_options(const config::Config& config) {
  auto options = connect_options(config);
  options.strategy = Strategy::queue;
  options.fallback = {Fallback::queue};
  return options;
}

void connect_from_config(const std::string& path, const Registry* registry) {
  auto options = connect_options(config::load_found(path));
  options.registry = registry;
  connect(std::move(options));
}

}  // namespace daemonz::offline_tasks
