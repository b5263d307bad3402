// daemonz-processor: one background processor with the course's tasks. Reads its command line and
// daemonz.yml; the work is done by lib/processor. Its options are a contract: cli.md.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "config/yaml_json.h"
#include "course/grading_room.h"
#include "course/mailer.h"
#include "course/tasks.h"
#include "languages.h"
#include "limit_mode.h"
#include "offline_tasks/from_config.h"
#include "processor/command_line.h"
#include "processor/from_config.h"
#include "processor/serve.h"
#include "program.h"
#include "sandbox/run.h"

namespace {

using namespace daemonz;

struct Arguments {
  std::string queues = "pulls,pushes", broker, database, name, priority_min, priority_max;
  std::string recycle_rss, http;
  int threads = 1, work_off = 0, recycle_jobs = 0;
};

/// A CLI11 check: the text of the Error that `parse` throws, or "".
template <class Parse>
std::function<std::string(const std::string&)> fault_of(Parse parse) {
  return [parse](const std::string& text) -> std::string {
    try {
      (void)parse(text);
      return "";
    } catch (const Error& problem) {
      return problem.what();
    }
  };
}

/// What the command line and the environment say. Throws Error.
processor::Options told(const Arguments& arguments) {
  using processor::parse_priority;
  processor::Options options{
      .database = arguments.database, .threads = arguments.threads, .name = arguments.name};
  processor::take_queues(options, arguments.queues);
  options.recycle_jobs = arguments.recycle_jobs;
  options.http = arguments.http;
  if (!arguments.recycle_rss.empty())
    options.recycle_rss = processor::parse_size(arguments.recycle_rss, "--recycle-rss");
  if (!arguments.broker.empty()) options.broker = arguments.broker;
  options.priority_min = arguments.priority_min.empty()
                             ? processor::priority_from_environment("MIN_PRIORITY", priority_first)
                             : parse_priority(arguments.priority_min, "--min-priority");
  options.priority_max = arguments.priority_max.empty()
                             ? processor::priority_from_environment("MAX_PRIORITY", priority_last)
                             : parse_priority(arguments.priority_max, "--max-priority");
  processor::check(options);
  return options;
}

void add_options(CLI::App& app, Arguments& arguments) {
  const auto priority =
      fault_of([](const auto& text) { return processor::parse_priority(text, ""); });
  app.add_option("--queues", arguments.queues, "best first; globs: 'critical,*,!low'")
      ->check(fault_of([](const auto& text) { return processor::QueuePatterns::parse(text); }))
      ->capture_default_str();
  app.add_option("--broker", arguments.broker, "memcache://HOST:PORT or memcache+unix://PATH")
      ->type_name("URL");
  app.add_option("--database", arguments.database, "sqlite:PATH or mysql://..")->type_name("URL");
  app.add_option("--threads", arguments.threads, "jobs at a time; each has a sandbox slot")
      ->check(CLI::Range(1, processor::threads_max))
      ->capture_default_str();
  app.add_option("--name", arguments.name, "in the log and the job table (host:pid:start)");
  app.add_option("--work-off", arguments.work_off, "perform at most N ready jobs, then leave")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  app.add_option("--min-priority", arguments.priority_min,
                 "only jobs of this priority and worse; 0 is served first, 9 last (MIN_PRIORITY)")
      ->check(priority)
      ->type_name("0..9");
  app.add_option("--max-priority", arguments.priority_max,
                 "only jobs of this priority and better (MAX_PRIORITY)")
      ->check(priority)
      ->type_name("0..9");
  app.add_option(
         "--http", arguments.http,
         "take jobs by signed POST /offline_tasks, tell of them by GET /jobs/ID?wait=SECONDS")
      ->type_name("HOST:PORT");
  app.add_option("--recycle-jobs", arguments.recycle_jobs, "leave after N jobs, when idle")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  app.add_option("--recycle-rss", arguments.recycle_rss, "leave when larger than this, when idle")
      ->type_name("SIZE");
  app.callback([&arguments] {  // what only all of them together show
    try {
      (void)told(arguments);
    } catch (const Error& problem) {
      throw CLI::ValidationError(problem.what());
    }
  });
}

/// Limits that nothing here would obey must not be taken for granted.
void refuse_sandbox_settings(const config::Config& config) {
  const auto refuse = [&](const std::string& key, const std::string& what) {
    throw Error(ErrorText{.what = "this version does not do " + what + " yet",
                          .where = config.shown(config.path) + ": " + key,
                          .hint = "Take the key out."});
  };
  const auto& sandbox = config.sandbox;
  if (sandbox.run != config::SandboxLimits{} || sandbox.compile != config::SandboxLimits{})
    refuse("sandbox.profiles", "limits from daemonz.yml (a problem package names its own)");
}

processor::Options options_of(const config::Config& config, const Arguments& arguments) {
  auto options = told(arguments);
  processor::apply(config, options);
  if (!arguments.broker.empty()) options.broker = arguments.broker;
  if (!arguments.database.empty()) options.database = arguments.database;
  return options;
}

/// The supervisor numbers its instances: each has slots of its own. The keeper of an instance that
/// was killed a moment ago may still hold them.
std::unique_ptr<sandbox::Slot> open_numbered(sandbox::SlotOptions options) {
  constexpr Seconds patience{5};
  constexpr Milliseconds interval{100};
  for (const auto deadline = real_clock().steady() + patience;;) {
    try {
      return sandbox::Slot::open(options);
    } catch (const Error&) {
      if (real_clock().steady() >= deadline) throw;
      std::this_thread::sleep_for(interval);  // sleep-ok: a lock file wakes nobody
    }
  }
}

std::vector<std::unique_ptr<sandbox::Slot>> open_slots(const config::Config& config, int count) {
  const char* text = std::getenv("DAEMONZ_INDEX");
  const auto index = text ? parse_number(text) : std::nullopt;
  std::vector<std::unique_ptr<sandbox::Slot>> slots;
  for (int i = 0; i < count; ++i) {
    sandbox::SlotOptions options{.state_folder = config.state_dir,
                                 .limit_mode = program::limit_mode(config)};
    if (index) {
      options.number = static_cast<int>(*index) * count + i;
      slots.push_back(open_numbered(std::move(options)));
    } else {
      slots.push_back(
          sandbox::open_free_slot(std::move(options), std::max(config.sandbox.slots, count)));
    }
  }
  for (const auto& slot : slots)
    log::info("processor", "sandbox slot ready",
              {{"slot", slot->number()}, {"limits", to_string(slot->limit_mode())}});
  return slots;
}

json::value read_yaml(const std::filesystem::path& path) { return config::yaml_file_as_json(path); }

int run(const program::Common& common, const Arguments& arguments) {
  const auto config = config::load_found(common.config_path);
  refuse_sandbox_settings(config);
  program::add_languages(config);
  const auto options = options_of(config, arguments);
  // Before any thread or connection exists: what the keepers are forked from stays small.
  course::GradingRoom room(open_slots(config, options.threads), read_yaml);
  auto push_options = offline_tasks::queue_options(config);  // for jobs that push further jobs
  push_options.broker = options.broker;
  push_options.database = options.database;
  offline_tasks::connect(std::move(push_options));
  const auto mailer = course::maildir(config.state_dir + "/mail");
  offline_tasks::Services services;
  services.lend(room);
  services.lend(*mailer);
  const auto registry = offline_tasks::Registry::of<course::CourseTasks>();
  if (arguments.work_off == 0) return processor::serve(options, registry, {services});
  const auto counts = processor::work_off(options, registry, arguments.work_off, {services});
  std::cout << counts.succeeded << " succeeded, " << counts.failed << " failed\n";
  return counts.failed == 0 ? program::exit_done : program::exit_not_done;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Performs background jobs: pops them from the queue, runs them, acknowledges them.",
               "daemonz-processor");
  program::Common common;
  Arguments arguments;
  program::add_common_options(app, common);
  add_options(app, arguments);
  return program::run(app, argc, argv, common, [&] { return run(common, arguments); });
}
