#include "processor/workshop.h"

#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "broker/broker.h"
#include "offline_tasks/broker_options.h"

namespace daemonz::processor {
namespace {

constexpr int push_tries = 3;  ///< of an unknown outcome; the same id is stored once

std::string default_name() {
  char host[256] = "localhost";
  if (::gethostname(host, sizeof host - 1) != 0) host[0] = '?';
  const auto start = unix_milliseconds(real_clock().wall()) / 1000;
  return std::string(host) + ":" + std::to_string(::getpid()) + ":" + std::to_string(start);
}

Options filled(Options options) {
  check(options);
  if (options.name.empty()) options.name = default_name();
  if (!options.connect_broker)
    options.connect_broker = [url = options.broker] { return broker::connect({.url = url}); };
  return options;
}

Heartbeat::Options heartbeat_options(const Options& options) {
  return {.lease = options.lease, .every = options.heartbeat, .connect = options.connect_broker};
}

std::unique_ptr<db::Pool> pool_of(const Options& options) {
  if (options.database.empty()) return nullptr;
  // One for each lane's handler, one for the main thread, one for HTTP.
  const auto limit = static_cast<std::size_t>(options.threads) + 2;
  return std::make_unique<db::Pool>(db::PoolOptions{.url = options.database, .limit = limit});
}

void refuse(std::string what, std::string hint) {
  throw Error(ErrorText{.what = std::move(what), .where = "processor", .hint = std::move(hint)});
}

void check_queues(const std::vector<QueueName>& queues) {
  if (queues.empty()) refuse("no queue to work on", "Name them: --queues pulls,pushes");
  std::size_t size = queues.size() - 1;  // the commas
  for (const auto& queue : queues) {
    if (queue.is_dead_queue())
      refuse("the queue " + queue.text() + " holds what was given up",
             "Look at it with daemonz-jobs dead, and push it again with daemonz-jobs retry.");
    if (queue.dead().text().size() > job_queue_name_size_max)
      refuse(
          "the queue name " + queue.text() + " is too long for jobs",
          "Allowed: " + std::to_string(job_queue_name_size_max - std::string_view(".dead").size()) +
              " bytes.");
    size += queue.text().size();
  }
  if (size > broker::pop_names_size_max)
    refuse("the names of the queues have " + std::to_string(size) + " bytes",
           "Allowed: " + std::to_string(broker::pop_names_size_max) +
               ". Name fewer queues, and give the others to another processor.");
}

void check_tasks(const std::map<std::string, TaskSettings>& tasks) {
  for (const auto& [name, settings] : tasks) {
    const bool is_program = settings.isolation == Isolation::exec;
    if (is_program == settings.command.empty())
      refuse("the task " + name +
                 (is_program ? " has no command" : " has a command and does not ") +
                 (is_program ? "" : "run it"),
             "Isolation `exec` and a command belong together.");
    if (settings.memory_max.count > 0 && settings.isolation == Isolation::thread)
      refuse("the task " + name + " has a memory limit, and runs in a thread",
             "Give it the isolation fork or exec.");
  }
}

/// A URL that is none is never reached, however long one waits.
void check_urls(const Options& options) {
  if (!options.connect_broker) (void)broker::connect({.url = options.broker});
  if (!options.database.empty()) db::check_url(options.database);
}

}  // namespace

void check(const Options& options) {
  if (!options.queue_patterns) check_queues(options.queues);
  check_tasks(options.tasks);
  for (const auto& hook : options.on_error)
    if (!hook.webhook.empty()) offline_tasks::check_webhook(hook.webhook);
  check_urls(options);
  if (options.threads < 1 || options.threads > threads_max)
    refuse(std::to_string(options.threads) + " threads",
           "Allowed: 1.." + std::to_string(threads_max) + ".");
  if (options.priority_max < options.priority_min)
    refuse("the worst priority is better than the best", "0 is served first, 9 last.");
  offline_tasks::check(options.signing);
  if (options.heartbeat * 3 > options.lease)
    refuse("a heartbeat every " + daemonz::to_string(options.heartbeat) +
               " cannot keep a lease of " + daemonz::to_string(options.lease),
           "Make the lease at least three times as long.");
}

const TaskSettings& Workshop::settings_of(const std::string& task) const {
  static const TaskSettings in_a_thread;
  const auto found = options.tasks.find(task);
  return found == options.tasks.end() ? in_a_thread : found->second;
}

bool Workshop::knows(std::string_view task) const {
  return registry.knows(task) || !settings_of(std::string(task)).command.empty();
}

Workshop::Workshop(Options given, const offline_tasks::Registry& tasks,
                   process::WarmProcess* warm_process)
    : options(filled(std::move(given))),
      registry(tasks),
      warm(warm_process),
      pool(pool_of(options)),
      heartbeat(heartbeat_options(options)),
      reports(pool.get(), options.name, *options.clock),
      signatures(options.signing, pool.get()),
      queues_(options.queue_patterns ? options.queue_patterns->expand({}) : options.queues) {}

std::vector<std::vector<QueueName>> Workshop::queues() const {
  const std::scoped_lock lock(guard_);
  return in_groups(queues_, broker::pop_names_size_max);
}

void Workshop::expand_queues(broker::Broker& connection) {
  const auto now = real_clock().steady();
  if (!options.queue_patterns || !options.queue_patterns->has_globs()) return;
  if (expanded_at_ && now - *expanded_at_ < options.expand_interval) return;
  auto found = options.queue_patterns->expand(connection.queues());
  std::erase_if(found, [](const QueueName& queue) {  // not a queue of jobs
    return queue.dead().text().size() > job_queue_name_size_max;
  });
  expanded_at_ = now;
  const std::scoped_lock lock(guard_);
  if (found == queues_) return;
  std::string names;
  for (const auto& queue : found) names += (names.empty() ? "" : ",") + queue.text();
  log::info("processor", "queues", {{"names", names}});
  queues_ = std::move(found);
}

bool Workshop::is_database_there() {
  if (!pool) return true;
  try {
    const auto connection = pool->take();  // verified, when it was idle for a second
    return true;
  } catch (const Error& problem) {
    log::warn("processor", "database away", {{"problem", problem.what()}});
    return false;
  }
}

offline_tasks::JobId Workshop::push(const offline_tasks::Envelope& job) {
  const QueueName queue(job.queue);
  auto signed_job = job;
  if (signatures.is_on()) offline_tasks::sign(signed_job, options.signing, options.clock->wall());
  const auto body = signed_job.encode();
  broker::PushResult result;
  {
    const std::scoped_lock lock(guard_);
    if (!push_connection_) push_connection_ = connect_broker();
    for (int tries = 0; tries < push_tries; ++tries) {
      result = push_connection_->push(queue, body,
                                      offline_tasks::broker_options(job, options.clock->wall()));
      if (result.state != broker::PushState::unknown) break;
    }
  }
  const bool is_taken =
      result.state == broker::PushState::confirmed || result.state == broker::PushState::duplicate;
  if (!is_taken)
    throw Error(
        ErrorText{.what = "the job of task " + job.task + " was not taken: " + result.detail,
                  .where = "queue " + job.queue});
  return job.id;
}

double Workshop::jitter() {
  const std::scoped_lock lock(guard_);
  return std::uniform_real_distribution<double>(0, 1)(random_);
}

}  // namespace daemonz::processor
