#include <algorithm>
#include <csignal>
#include <cstring>

#include "config/read.h"
#include "config/words.h"

namespace daemonz::config {
namespace {

using Words = std::vector<std::string>;

void resolve_all(const Config& config, Words& paths) {
  for (auto& path : paths) path = config.resolve(path);
}

constexpr Milliseconds original_delay_before_kill(200);  // the Ruby daemonz's default

// The original keys. `binary` and `args` stand for both ends, start_* and stop_* for one.
struct Original {
  Words binary, start_binary, stop_binary, args, start_args, stop_args;
  bool is_absolute = false;
  bool has_stop = false;  // a stop_* key with something in it, and no `stop_binary: ""`
  bool is_used = false;
};

Original read_original(Section& from) {
  Original original;
  const auto read = [&](std::string_view key, Words& target) {
    const bool is_there = from.words(key, target);
    original.is_used = original.is_used || !target.empty();
    return is_there;
  };
  read("binary", original.binary);
  read("start_binary", original.start_binary);
  const bool has_stop_binary = read("stop_binary", original.stop_binary);
  read("args", original.args);
  read("start_args", original.start_args);
  read("stop_args", original.stop_args);
  from.boolean("absolute_binary", original.is_absolute);
  original.has_stop = has_stop_binary ? !original.stop_binary.empty() : !original.stop_args.empty();
  return original;
}

Words joined(Words first, const Words& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

const Words& either(const Words& own, const Words& shared) { return own.empty() ? shared : own; }

// root_path + binary, as the original did; absolute_binary: found in PATH.
void place_binary(const Config& config, const Original& original, Words& command) {
  if (!command.empty() && !original.is_absolute) command[0] = config.resolve(command[0]);
}

void apply_original(Section& from, const Original& original, Daemon& daemon) {
  if (!original.is_used) return;
  if (!daemon.command.empty()) {
    from.fault("command",
               "`command` and the original keys (binary, args, ..) say the same twice: "
               "keep one");
    return;
  }
  daemon.is_path_only = original.is_absolute;
  const auto& binary = either(original.start_binary, original.binary);
  if (!binary.empty()) daemon.command = joined(binary, either(original.start_args, original.args));
  place_binary(from.reader().config, original, daemon.command);
  if (original.has_stop && daemon.stop.command.empty()) {
    daemon.stop.command = joined(either(original.stop_binary, original.binary),
                                 either(original.stop_args, original.args));
    place_binary(from.reader().config, original, daemon.stop.command);
  }
  // The original looked for its start command in `ps` when it was told nothing else.
  if (daemon.kill_patterns.empty() && !daemon.command.empty())
    daemon.kill_patterns = {daemon.command[0]};
  from.note("kill_patterns", daemon.kill_patterns);
  from.note("command", daemon.command, original.start_binary.empty() ? "binary" : "start_binary");
  if (!daemon.stop.command.empty())
    from.note("stop.command", daemon.stop.command,
              original.stop_binary.empty() ? "stop_args" : "stop_binary");
}

// "TERM", "SIGTERM" or "15".
void read_signal(Section& from, int& target) {
  const auto text = from.text_of("signal");
  from.note("signal", text.value_or("TERM"));
  if (!text) return;
  const std::string_view name =
      text->starts_with("SIG") ? std::string_view(*text).substr(3) : std::string_view(*text);
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* const abbreviation = ::sigabbrev_np(signal);
    if (name == std::to_string(signal) || (abbreviation && name == abbreviation)) {
      target = signal;
      return;
    }
  }
  from.fault("signal",
             in_quotes(*text) + " is not a signal (TERM, INT, QUIT, HUP, KILL, USR1, ..)");
}

void read_stop(Section& daemon_section, Stop& stop) {
  Section from(daemon_section.reader(), daemon_section.find("stop"), daemon_section.path_of("stop"),
               Strings::of_daemon);
  from.words("command", stop.command);
  resolve_program(from.reader().config, stop.command);
  from.note("command", stop.command);
  read_signal(from, stop.signal);
  from.duration("timeout", stop.timeout);
  from.choice<Stop::Kill, Stop::Kill>("kill", stop.kill,
                                      {{"tree", Stop::Kill::tree},
                                       {"cgroup", Stop::Kill::cgroup},
                                       {"group", Stop::Kill::group},
                                       {"process", Stop::Kill::process}});
  from.done();
}

// delay_before_kill: the original wrote seconds without a unit.
void read_delay_before_kill(Section& from, Milliseconds& target) {
  const auto text = from.text_of("delay_before_kill");
  if (!text) return from.note("delay_before_kill", target);
  auto delay = parse_duration(*text);
  if (!delay) delay = parse_duration(*text + "s");
  if (delay)
    target = *delay;
  else
    from.fault("delay_before_kill", in_quotes(*text) + " is not a duration (0.2, 500ms, 5s)");
  from.note("delay_before_kill", target);
}

void read_restart(Section& daemon_section, Restart& restart) {
  using Policy = Restart::Policy;
  const Node* const node = daemon_section.find("restart");
  Section from(daemon_section.reader(), node, daemon_section.path_of("restart"),
               Strings::of_daemon);
  constexpr int limit_max = 1'000'000;
  from.choice<Policy, Policy>(
      "policy", restart.policy,
      {{"always", Policy::always}, {"on-failure", Policy::on_failure}, {"never", Policy::never}});
  from.duration("delay", restart.delay);
  from.duration("max_delay", restart.max_delay);
  from.real("factor", restart.factor, 1, 100);
  from.real("jitter", restart.jitter, 0, 1);
  from.duration("reset_after", restart.reset_after);
  from.whole("limit", restart.limit, 0, limit_max);
  from.duration("within", restart.within);
  if (restart.delay > restart.max_delay)
    from.fault("delay", to_string(restart.delay) + " is more than max_delay (" +
                            to_string(restart.max_delay) + ")");
  from.done();
}

void read_log(Section& daemon_section, LogFile& log) {
  Section from(daemon_section.reader(), daemon_section.find("log"), daemon_section.path_of("log"),
               Strings::of_daemon);
  from.path("path", log.path);
  from.bytes("max_size", log.max_size);
  from.whole("keep", log.keep, 0, 1000);
  using Timestamp = LogFile::Timestamp;
  from.choice<Timestamp, Timestamp>("timestamp", log.timestamp,
                                    {{"none", Timestamp::none}, {"rfc3339", Timestamp::rfc3339}});
  from.choice<bool, bool>("prefix", log.has_prefix, {{"none", false}, {"name", true}});
  from.note("stderr", std::string("merge"));
  if (const Node* const node = from.find("stderr"); node && node->text != "merge") {
    from.path("stderr", log.stderr_path);
    if (log.stderr_path == log.path)
      from.fault("stderr", "is the same file as `path`: write `merge`");
  }
  from.done();
}

void read_depends_on(Section& from, std::map<std::string, Condition>& target) {
  const Node* const node = from.find("depends_on");
  if (!node) return from.note("depends_on", std::string());
  if (node->kind == Node::Kind::sequence || node->kind == Node::Kind::scalar) {
    Words names;
    from.list("depends_on", names);
    for (auto& name : names) target.emplace(std::move(name), Condition::ready);
    return;
  }
  Section conditions(from.reader(), node, from.path_of("depends_on"));
  for (const auto& [name, value] : node->entries) {
    auto& condition = target[name.text] = Condition::ready;
    conditions.choice<Condition, Condition>(name.text, condition,
                                            {{"ready", Condition::ready},
                                             {"started", Condition::started},
                                             {"completed", Condition::completed}});
  }
}

// Octal by nature, so 022 means what it says here.
void read_umask(Section& from, std::optional<int>& target) {
  const auto text = from.text_of("umask");
  from.note("umask", text);
  if (!text) return;
  const auto digits = text->starts_with("0o") ? text->substr(2) : *text;
  if (!digits.empty() && digits.size() <= 4 &&
      digits.find_first_not_of("01234567") == std::string::npos &&
      std::stoi(digits, nullptr, 8) <= 0777)
    target = std::stoi(digits, nullptr, 8);
  else
    from.fault("umask", in_quotes(*text) + " is not a umask (octal, 000..777)");
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && name.find('=') == std::string_view::npos;
}

void read_env(Section& from, Daemon& daemon) {
  const Node* const node = from.map_of("env");
  if (!node) return;
  Section env(from.reader(), node, from.path_of("env"), Strings::of_daemon);
  for (const auto& [name, value] : node->entries) {
    if (!is_variable_name(name.text))
      from.reader().fault(name, env.path_of(name.text), "this is not the name of a variable");
    else if (value.kind == Node::Kind::null)
      daemon.env[name.text] = "";
    else
      env.text(name.text, daemon.env[name.text]);
  }
}

void read_original_rest(Section& from, Daemon& daemon) {
  from.list("pids", daemon.pid_files);
  resolve_all(from.reader().config, daemon.pid_files);
  from.note("pids", daemon.pid_files);
  from.list("kill_patterns", daemon.kill_patterns);
  read_delay_before_kill(from, daemon.stop.delay_before_signal);
}

// A name, or a number that is an id; -1 means "as it is" to the kernel (setresuid(2)).
void read_owner(Section& from, std::string_view key, std::string& owner) {
  constexpr std::uint64_t id_max = 4'294'967'294;
  from.text(key, owner);
  const bool is_number = owner.find_first_not_of("0123456789") == std::string::npos;
  const auto number = parse_number(owner);
  const bool is_id = number && *number <= id_max && (owner.size() == 1 || owner[0] != '0');
  if (!owner.empty() && (owner[0] == '-' || (is_number && !is_id)))
    from.fault(key, in_quotes(owner) + " is not a " + std::string(key) + "'s name or id (0.." +
                        std::to_string(id_max) + ")");
}

void read_identity(Section& from, Daemon& daemon) {
  read_owner(from, "user", daemon.user);
  read_owner(from, "group", daemon.group);
  read_env(from, daemon);
  from.path("cwd", daemon.working_folder);
  read_umask(from, daemon.umask);
  constexpr std::int64_t port_max = 65535;
  from.whole("port", daemon.port, 1, port_max, "a port");
  if (daemon.port && *daemon.port + std::max(daemon.instances, 1) - 1 > port_max)
    from.fault("port", "leaves no port for instance " + std::to_string(daemon.instances - 1) +
                           " (port + index is above 65535)");
}

void check_daemon(Section& from, const Daemon& daemon) {
  if (daemon.type == Daemon::Type::forking && daemon.pid_files.empty())
    from.fault("type", "`forking` needs `pids`: the glob of its pid files");
  if (daemon.type == Daemon::Type::simple && !daemon.pid_files.empty())
    from.fault("pids", "are for a program that daemonizes itself (type: forking): take them out");
  // Two instances would take each other's process for their own.
  for (const auto& glob : daemon.pid_files)
    if (daemon.instances > 1 && glob.find("${in") == std::string::npos)
      from.fault("pids", "need ${index} or ${instance}: there are " +
                             std::to_string(daemon.instances) + " instances");
  if (daemon.watchdog && daemon.watchdog->count() == 0)
    from.fault("watchdog", "0 is no time to be heard in: leave it out for no watchdog");
  if (daemon.ready.timeout.count() == 0)
    from.fault("ready", "the timeout 0 leaves no time to become ready");
  if (daemon.health && !daemon.port && daemon.health->check.port_text == "${port}")
    from.fault("health", "${port} is used, but the daemon has no `port`");
  if (!daemon.port && daemon.ready.port_text.find("${port}") != std::string::npos)
    from.fault("ready", "${port} is used, but the daemon has no `port`");
  // Nobody could tell whose line it is.
  if (daemon.instances > 1 && daemon.log.path.find("${in") == std::string::npos &&
      !daemon.log.has_prefix && !daemon.log.path.starts_with("/dev/"))
    from.fault("log", "the path needs ${index} or ${instance}, or `prefix: name`: there are " +
                          std::to_string(daemon.instances) + " instances");
}

}  // namespace

Daemon read_daemon(Reader& reader, const Node& key, const std::string& path, const Node& node) {
  Daemon daemon;
  daemon.name = key.text;
  if (!is_daemon_name(daemon.name))
    reader.fault(key, path, in_quotes(daemon.name) + " is not a name (1 to 64 of A-Z a-z 0-9 _ -)");
  daemon.working_folder = reader.config.root_path;
  daemon.log.path = reader.config.resolve("log/${name}.${index}.log");

  daemon.places[""] = reader.faults.where(key.place);
  for (const auto& [inner, value] : node.entries)
    daemon.places[inner.text] = reader.faults.where(value.place);

  const auto faults_before = reader.faults.count();
  Section from(reader, &node, path, Strings::of_daemon);
  from.words("command", daemon.command);
  resolve_program(reader.config, daemon.command);
  from.note("command", daemon.command);
  from.count("instances", daemon.instances, 0, instances_max, &daemon.is_per_core);
  constexpr int start_order_max = 1'000'000;
  from.whole("start_order", daemon.start_order, -start_order_max, start_order_max);
  read_ready(from, daemon.ready);
  read_health(from, daemon.health);
  read_stop(from, daemon.stop);
  read_restart(from, daemon.restart);
  read_depends_on(from, daemon.depends_on);
  from.duration("watchdog", daemon.watchdog);
  from.boolean("vital", daemon.is_vital);
  from.boolean("disabled", daemon.is_disabled);
  read_limits(from, daemon.limits);
  read_identity(from, daemon);
  read_log(from, daemon.log);

  const auto original = read_original(from);
  if (original.is_used) daemon.stop.delay_before_signal = original_delay_before_kill;
  read_original_rest(from, daemon);
  apply_original(from, original, daemon);
  if (!daemon.pid_files.empty() && original.is_used) daemon.type = Daemon::Type::forking;
  using Type = Daemon::Type;
  from.choice<Type, Type>("type", daemon.type,
                          {{"simple", Type::simple}, {"forking", Type::forking}});
  if (!from.has("type") && daemon.type == Type::forking)
    from.note("type", std::string("forking"), "pids");
  // A bad command is told already; that it is missing then would be noise.
  const bool has_command = !daemon.command.empty() && !daemon.command[0].empty();
  if (!has_command && reader.faults.count() == faults_before)
    reader.fault(key, path, "has no command (command: [PROGRAM, ARGUMENT, ..])");
  check_daemon(from, daemon);
  from.done();
  return daemon;
}

}  // namespace daemonz::config
