#include "program.h"

#include <csignal>
#include <iostream>

#include "base/error.h"
#include "base/log.h"
#include "config/faults.h"

namespace daemonz::program {

void add_common_options(CLI::App& app, Common& common) {
  app.set_version_flag("--version", std::string("daemonz ") + DAEMONZ_VERSION);
  app.add_option("--config", common.config_path,
                 "configuration file (default: config/daemonz.yml, searched upwards)")
      ->type_name("FILE");
  app.add_option("--log-level", common.log_level, "debug, info, warn, error or off")
      ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}))
      ->capture_default_str()
      ->type_name("LEVEL");
}

int run(CLI::App& app, int argc, char** argv, const Common& common,
        const std::function<int()>& body) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? exit_done : exit_usage;
  }
  try {
    log::set_level(log::parse_level(common.log_level).value_or(log::Level::info));
    return body();
  } catch (const config::Faults& faults) {  // each line names its place in the file
    std::cerr << faults.what() << '\n';
    return exit_usage;
  } catch (const Error& problem) {
    std::cerr << app.get_name() << ": " << problem.what() << '\n';
    return exit_not_done;
  } catch (const std::exception& problem) {  // of the standard library: a folder that is gone, ..
    std::cerr << app.get_name() << ": " << problem.what() << '\n';
    return exit_not_done;
  }
}

}  // namespace daemonz::program
