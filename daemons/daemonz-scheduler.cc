// daemonz-scheduler: what nobody waits for: spool, outbox, dead deliveries. The
// contract is cli.md.
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "offline_tasks/from_config.h"
#include "process/daemon_main.h"
#include "program.h"
#include "scheduler/scheduler.h"

namespace {

using namespace daemonz;

struct Given {
  std::string broker, database;
};

scheduler::Options options_of(const program::Common& common, const Given& given) {
  const auto config = config::load_found(common.config_path);
  if (!config.schedule.empty())
    throw Error(ErrorText{.what = "this version has no schedule yet",
                          .where = config.shown(config.path) + ": schedule",
                          .hint = "Take the section out; cron(8) can call daemonz-jobs push."});
  return {.broker = given.broker.empty() ? config.broker_url : given.broker,
          .database = given.database.empty() ? config.database_url : given.database,
          .name = "scheduler:" + std::to_string(::getpid()) + ":" +
                  std::to_string(unix_milliseconds(real_clock().wall())),
          .spool = config.push.spool_dir,
          .on_error = offline_tasks::hooks_of(config.on_error)};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Replays the spool, relays the outbox, moves dead jobs into the job table.",
               "daemonz-scheduler");
  program::Common common;
  program::add_common_options(app, common);
  Given given;
  app.add_option("--broker", given.broker, "memcache://HOST:PORT or memcache+unix://PATH")
      ->type_name("URL");
  app.add_option("--database", given.database, "sqlite:PATH or mysql://..")->type_name("URL");
  return program::run(app, argc, argv, common, [&] {
    auto options = options_of(common, given);
    return process::daemon_main({.name = "scheduler"}, [&](process::Daemon& daemon) {
      options.on_ready = [&] { daemon.ready(); };
      scheduler::run(options, daemon.stop_token());
    });
  });
}
