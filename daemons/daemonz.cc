// daemonz: starts, watches and stops the daemons of config/daemonz.yml. Follows cli.md.
#include <filesystem>
#include <iostream>

#include "config/config.h"
#include "program.h"
#include "supervisor/commands.h"
#include "supervisor/supervisor.h"

namespace {

using namespace daemonz;

constexpr int lines_max = 1'000'000;  // of `logs`

struct Chosen {
  program::Common common;
  std::vector<std::string> targets;
  bool is_waiting = false, is_not_waiting = false, is_forced = false;
  std::vector<std::string> fields;
  bool is_json = false, is_following = false;
  bool is_rolling = false, is_keeping = false, is_dry_run = false;
  std::string scale;
  int lines = 10;
  int report_fd = -1;
  std::string signal;
  std::string completed;  // what `completion` is to print
};

std::string path_of(const Chosen& chosen) {
  const auto path = config::find(chosen.common.config_path);
  if (path.empty())
    throw config::Faults({{.sentence = "daemonz: no config/daemonz.yml here or in a folder above. "
                                       "Name one by --config FILE"}});
  return path;
}

// What only asks the supervisor needs to know where it is. And what runs can be stopped with any
// file: an editor's slip must not keep a site from it.
config::Config load_for(const std::string& command, const Chosen& chosen) {
  const auto path = path_of(chosen);
  for (const char* asking : {"status", "events", "signal"})
    if (command == asking) return config::load_places(path);
  if (command != "stop") return config::load(path);
  try {
    return config::load(path);
  } catch (const config::Faults& faults) {
    auto places = config::load_places(path);
    std::cerr << faults.what() << "\ndaemonz: the file is faulty; what runs is stopped\n";
    return places;
  }
}

int check(const Chosen& chosen, const std::string& program) {
  std::vector<config::Value> values;
  try {
    auto config = config::load(path_of(chosen), {.values = &values});
    supervisor::apply_wishes(config);
    return supervisor::check({config, program, std::cout, std::cerr},
                             {.values = values, .is_json = chosen.is_json});
  } catch (const config::Faults& faults) {
    if (chosen.is_json) supervisor::print_faults_as_json(std::cout, faults);
    throw;
  }
}

std::string own_path() { return std::filesystem::canonical("/proc/self/exe").string(); }

// All that --help names, with their long options.
std::vector<supervisor::CompletedCommand> commands_of(const CLI::App& app) {
  std::vector<supervisor::CompletedCommand> commands;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;
    auto& added = commands.emplace_back();
    added.name = command->get_name();
    for (const auto* option : command->get_options())
      for (const auto& name : option->get_lnames())
        if (!option->get_group().empty()) added.options.push_back("--" + name);
  }
  return commands;
}

// "processor=8"
supervisor::ScaleOptions scale_of(const std::string& text) {
  const auto equals = text.find('=');
  const auto number = equals == std::string::npos ? "" : text.substr(equals + 1);
  if (number.empty() || number.size() > 6 ||
      number.find_first_not_of("0123456789") != std::string::npos)
    throw config::Faults(
        {{.sentence = "daemonz: \"" + text + "\" is not NAME=NUMBER, like processor=8"}});
  return {.daemon = text.substr(0, equals), .instances = std::stoi(number)};
}

int perform(const std::string& command, const Chosen& chosen) {
  if (command == "check") return check(chosen, own_path());
  auto config = load_for(command, chosen);
  if (command != "run") supervisor::apply_wishes(config);
  const supervisor::Caller caller{config, own_path(), std::cout, std::cerr};
  const supervisor::StartOptions start{
      .targets = chosen.targets,
      .is_waiting = chosen.is_waiting || (!chosen.is_not_waiting && !config.is_start_async),
      .is_forced = chosen.is_forced,
      .log_level = chosen.common.log_level};
  if (command == "start") return supervisor::start(caller, start);
  if (command == "stop")
    return supervisor::stop(caller, {.targets = chosen.targets, .is_keeping = chosen.is_keeping});
  if (command == "restart" && chosen.is_rolling)
    return supervisor::restart_rolling(caller, chosen.targets);
  if (command == "restart") return supervisor::restart(caller, start);
  if (command == "reload")
    return supervisor::reload(caller,
                              {.is_dry_run = chosen.is_dry_run, .is_waiting = start.is_waiting});
  if (command == "scale") {
    auto scale = scale_of(chosen.scale);
    scale.is_waiting = start.is_waiting;
    return supervisor::scale(caller, scale);
  }
  if (command == "status")
    return supervisor::status(
        caller, {.targets = chosen.targets, .fields = chosen.fields, .is_json = chosen.is_json});
  if (command == "events")
    return supervisor::events(caller, {.targets = chosen.targets, .is_json = chosen.is_json});
  if (command == "systemd-unit") return supervisor::systemd_unit(caller);
  if (command == "completion") return supervisor::instance_names(caller);
  if (command == "signal")
    return supervisor::signal_instances(caller, chosen.signal, chosen.targets);
  if (command == "logs")
    return supervisor::logs(
        caller,
        {.targets = chosen.targets, .lines = chosen.lines, .is_following = chosen.is_following});
  const bool is_by_start = chosen.report_fd >= 0;  // which has asked already
  if (!is_by_start && supervisor::is_disabled(caller, chosen.is_forced)) return program::exit_done;
  return supervisor::run_supervisor(
      {.config = std::move(config),
       .program_folder = std::filesystem::path(caller.program).parent_path().string(),
       .targets = chosen.targets,
       .report_fd = chosen.report_fd,
       .is_log_in_file = is_by_start,
       .is_foreground = !is_by_start});
}

void add_targets(CLI::App* command, Chosen& chosen) {
  command->add_option("name", chosen.targets, "daemons: NAME, NAME:INDEX or NAME:* (default: all)")
      ->type_name("NAME");
}

void add_waiting(CLI::App* command, Chosen& chosen) {
  auto* wait = command->add_flag("--wait", chosen.is_waiting, "return when all is up, or failed");
  command->add_flag("--no-wait", chosen.is_not_waiting, "return at once")->excludes(wait);
}

// Every command takes --config and --log-level on either side of its name.
void add_commands(CLI::App& app, Chosen& chosen) {
  app.require_subcommand(0, 1);  // without one, main() says what is missing
  app.fallthrough();
  auto* start = app.add_subcommand("start", "start everything, or NAMEs, in the background");
  auto* stop = app.add_subcommand("stop", "stop everything, or NAMEs");
  auto* restart = app.add_subcommand("restart", "stop and start everything, or NAMEs");
  auto* status = app.add_subcommand("status",
                                    "a table; exit codes as LSB: 0 running, 1 dead, "
                                    "3 stopped, 4 not known");
  auto* run = app.add_subcommand("run", "the foreground form of start, for containers");
  auto* check = app.add_subcommand("check", "print the plan, or every fault of the file");
  check->add_flag("--json", chosen.is_json, "one JSON object");
  auto* logs = app.add_subcommand("logs", "the last lines of the logs");
  auto* events = app.add_subcommand("events", "each change of a state, as it happens");
  app.add_subcommand("systemd-unit", "print a unit file for this installation");
  app.add_subcommand("completion", "print what makes bash complete: source <(.. completion bash)")
      ->add_option("shell", chosen.completed, "bash")
      ->required()
      ->check(CLI::IsMember({"bash", "names"}))  // names: what that script asks for
      ->type_name("SHELL");
  auto* signal = app.add_subcommand("signal", "send a signal to the main processes");
  signal->add_option("signal", chosen.signal, "HUP, SIGHUP or 1")->required()->type_name("SIG");
  for (auto* command : {start, stop, restart, status, run, logs, events, signal})
    add_targets(command, chosen);
  auto* reload = app.add_subcommand("reload", "read the file anew and touch only what changed");
  reload->add_flag("--dry-run", chosen.is_dry_run, "print the plan only");
  auto* scale = app.add_subcommand("scale", "give a daemon another number of instances");
  scale->add_option("scale", chosen.scale, "like processor=8")->required()->type_name("NAME=N");
  for (auto* command : {start, restart, reload, scale}) add_waiting(command, chosen);
  restart->add_flag("--rolling", chosen.is_rolling,
                    "one instance after the other, each when the one before is ready");
  stop->add_flag("--keep", chosen.is_keeping,
                 "end the supervisor alone: `start` takes over what runs")
      ->excludes(stop->get_option("name"));
  for (auto* command : {start, restart, run})
    command->add_flag("--force", chosen.is_forced, "although the file says `disabled`");
  status->add_flag("--json", chosen.is_json, "one JSON object");
  events->add_flag("--json", chosen.is_json, "one JSON object a line");
  status->add_option("--fields", chosen.fields, "columns of the table: name,state,pid,..")
      ->delimiter(',')
      ->allow_extra_args(false)  // what follows is a name
      ->check(CLI::IsMember(std::vector<std::string>(supervisor::status_fields.begin(),
                                                     supervisor::status_fields.end()),
                            CLI::ignore_case));
  logs->add_flag("-f,--follow", chosen.is_following, "go on until interrupted");
  logs->add_option("-n,--lines", chosen.lines, "how many")
      ->check(CLI::Range(0, lines_max))
      ->capture_default_str();
  run->add_option("--report-fd", chosen.report_fd)->group("");  // of `start`, not of people
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Starts, watches and stops the daemons of config/daemonz.yml.", "daemonz");
  Chosen chosen;
  program::add_common_options(app, chosen.common);
  add_commands(app, chosen);
  return program::run(app, argc, argv, chosen.common, [&]() -> int {
    if (app.get_subcommands().empty()) {
      std::cerr << "daemonz: what is to be done? The commands are listed by: daemonz --help\n";
      return program::exit_usage;
    }
    const auto command = app.get_subcommands().front()->get_name();
    if (chosen.completed == "bash") return supervisor::bash_completion(std::cout, commands_of(app));
    try {
      return perform(command, chosen);
    } catch (const config::Faults& faults) {
      std::cerr << faults.what() << '\n';
      return program::exit_usage;
    }
  });
}
