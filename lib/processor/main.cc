#include "processor/main.h"

#include <getopt.h>

#include <csignal>
#include <cstdio>

#include "base/error.h"
#include "base/log.h"
#include "base/units.h"
#include "config/faults.h"
#include "offline_tasks/from_config.h"
#include "processor/command_line.h"
#include "processor/from_config.h"

namespace daemonz::processor {
namespace {

constexpr int exit_not_done = 1, exit_usage = 2;

constexpr const char* usage_text =
    "Performs background jobs.\n\n"
    "  --config FILE          default: config/daemonz.yml, searched upwards\n"
    "  --queues A,B           queues, best first (default pulls,pushes); globs: 'critical,*,!low'\n"
    "  --broker URL           memcache://HOST:PORT or memcache+unix://PATH\n"
    "  --database URL         sqlite:PATH or mysql://USER@HOST/NAME\n"
    "  --threads N            jobs at a time (default 1)\n"
    "  --name NAME            in the log and the job table (default host:pid:start)\n"
    "  --work-off N           perform at most N ready jobs, then leave\n"
    "  --min-priority N       only jobs of priority N and worse; 0 is served first, 9 last\n"
    "  --max-priority N       only jobs of priority N and better\n"
    "  --http HOST:PORT       take jobs by POST, tell of jobs by GET /jobs/ID?wait=SECONDS\n"
    "  --recycle-jobs N       leave after N jobs, when idle\n"
    "  --recycle-rss SIZE     leave when larger than this, when idle\n"
    "  --log-level LEVEL      debug, info, warn, error or off (default info)\n"
    "  --help\n";

enum class Choice {
  config = 1,
  queues,
  broker,
  database,
  threads,
  name,
  work_off,
  min,
  max,
  http,
  recycle_jobs,
  recycle_rss,
  log,
  help
};

struct Asked {
  Options options;
  std::string config, broker, database;  // as told; empty: daemonz.yml's
  int work_off = 0;
  bool wants_help = false;
};

int whole_number(const char* text, const char* option) {
  const auto number = parse_number(text);
  if (!number || *number < 1 || *number > 1'000'000'000)
    throw Error(ErrorText{.what = "\"" + std::string(text) + "\" is not a number above 0",
                          .where = option});
  return static_cast<int>(*number);
}

void take(Asked& asked, Choice choice, const char* text) {
  switch (choice) {
    case Choice::queues: take_queues(asked.options, text); break;
    case Choice::config: asked.config = text; break;
    case Choice::broker: asked.broker = text; break;
    case Choice::database: asked.database = text; break;
    case Choice::threads: asked.options.threads = whole_number(text, "--threads"); break;
    case Choice::name: asked.options.name = text; break;
    case Choice::work_off: asked.work_off = whole_number(text, "--work-off"); break;
    case Choice::min: asked.options.priority_min = parse_priority(text, "--min-priority"); break;
    case Choice::max: asked.options.priority_max = parse_priority(text, "--max-priority"); break;
    case Choice::http: asked.options.http = text; break;
    case Choice::recycle_jobs:
      asked.options.recycle_jobs = whole_number(text, "--recycle-jobs");
      break;
    case Choice::recycle_rss: asked.options.recycle_rss = parse_size(text, "--recycle-rss"); break;
    case Choice::log:
      if (const auto level = log::parse_level(text)) return log::set_level(*level);
      throw Error(ErrorText{.what = "\"" + std::string(text) + "\" is not a level",
                            .where = "--log-level"});
    case Choice::help: asked.wants_help = true; break;
  }
}

Asked parse(int argc, char** argv, Options defaults) {
  const auto number = [](Choice choice) { return static_cast<int>(choice); };
  const option known[] = {
      {"config", required_argument, nullptr, number(Choice::config)},
      {"queues", required_argument, nullptr, number(Choice::queues)},
      {"broker", required_argument, nullptr, number(Choice::broker)},
      {"database", required_argument, nullptr, number(Choice::database)},
      {"threads", required_argument, nullptr, number(Choice::threads)},
      {"name", required_argument, nullptr, number(Choice::name)},
      {"work-off", required_argument, nullptr, number(Choice::work_off)},
      {"min-priority", required_argument, nullptr, number(Choice::min)},
      {"max-priority", required_argument, nullptr, number(Choice::max)},
      {"http", required_argument, nullptr, number(Choice::http)},
      {"recycle-jobs", required_argument, nullptr, number(Choice::recycle_jobs)},
      {"recycle-rss", required_argument, nullptr, number(Choice::recycle_rss)},
      {"log-level", required_argument, nullptr, number(Choice::log)},
      {"help", no_argument, nullptr, number(Choice::help)},
      {}};
  Asked asked{.options = std::move(defaults)};
  auto& options = asked.options;
  options.priority_min = priority_from_environment("MIN_PRIORITY", options.priority_min);
  options.priority_max = priority_from_environment("MAX_PRIORITY", options.priority_max);
  for (int found; (found = ::getopt_long(argc, argv, "", known, nullptr)) != -1;) {
    if (found == '?') throw Error("see --help");  // getopt has said what is wrong
    take(asked, static_cast<Choice>(found), optarg);
  }
  if (optind < argc)
    throw Error(ErrorText{.what = "unexpected word", .where = argv[optind], .hint = "See --help."});
  return asked;
}

/// daemonz.yml, then the command line over it. Throws config::Faults, Error.
void settle(Asked& asked) {
  auto& options = asked.options;
  auto push = offline_tasks::ConnectOptions{};
  if (const auto path = config::find(asked.config); !path.empty()) {
    const auto config = config::load(path);
    apply(config, options);
    push = offline_tasks::queue_options(config);
  }
  if (!asked.broker.empty()) options.broker = asked.broker;
  if (!asked.database.empty()) options.database = asked.database;
  check(options);
  push.broker = options.broker;
  push.database = options.database;
  offline_tasks::connect(std::move(push));  // for jobs that push further jobs
}

}  // namespace

int run_main(int argc, char** argv, const offline_tasks::Registry& registry, Site site) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto complain = [&](const Error& problem) {
    std::fprintf(stderr, "%s: %s\n", argv[0], problem.what());
  };
  Asked asked;
  try {
    asked = parse(argc, argv, std::move(site.options));
    if (asked.wants_help) return std::fputs(usage_text, stdout) < 0;
    settle(asked);
  } catch (const config::Faults& faults) {  // each line names its place in the file
    std::fprintf(stderr, "%s\n", faults.what());
    return exit_usage;
  } catch (const Error& problem) {
    complain(problem);
    return exit_usage;
  }
  try {
    if (asked.work_off == 0) return serve(asked.options, registry, std::move(site.services));
    const auto counts = work_off(asked.options, registry, asked.work_off, std::move(site.services));
    // print-ok: this is the main of a site's program
    std::printf("%d succeeded, %d failed\n", counts.succeeded, counts.failed);
    return counts.failed == 0 ? 0 : exit_not_done;
  } catch (const Error& problem) {
    complain(problem);
    return exit_not_done;
  }
}

}  // namespace daemonz::processor
