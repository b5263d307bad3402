// daemonz.yml as typed, checked values: the whole file is read once, and either every value is
// good or load() throws with all the faults at once. Not the CLI (options win over this in the
// mains) and not a live object: a reload loads again. The only user of yaml-cpp, which stays
// inside. Follows cli.md and supervisor.md; config/daemonz.yml is the reference of every key.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/daemon.h"
#include "config/faults.h"
#include "config/sections.h"

namespace daemonz::config {

/// `logger:`, where the supervisor itself logs.
struct Logger {
  enum class Kind { standard_output, standard_error, file };
  Kind kind = Kind::file;
  std::string path;  ///< absolute; default log/daemonz.log (`rails` means the same)
};

/// One value of a load, for people: "daemons.queue.stop.timeout", "10s", "config/daemonz.yml:14".
struct Value {
  std::string key, value;
  std::string from;  ///< FILE:LINE, "default", or the variable that says it
};

/// One loaded configuration. Every path in here is absolute. Threads: any (it is a value).
struct Config {
  std::string path;         ///< of the file, as given
  std::string root_path;    ///< absolute; default: the parent of the file's folder
  std::string environment;  ///< DAEMONZ_ENV, else RAILS_ENV, else `environment:`, else development
  std::string
      state_dir;  ///< `state_dir:`, default tmp/daemonz: control.sock, state.json, io, slots
  std::string lock_file;  ///< `master_file:`, default tmp/daemonz/daemonz.lock
  Logger logger;
  bool is_disabled = false;     ///< `disabled: true`, or the environment stands in `disabled_in`
  bool is_start_async = false;  ///< `async_start`
  std::string broker_url = "memcache://127.0.0.1:22122";
  std::string database_url;     ///< default sqlite:ROOT/tmp/daemonz/daemonz.db
  std::vector<Daemon> daemons;  ///< by start_order, then name; the disabled ones too
  QueueServer queue;
  std::map<std::string, Task> tasks;
  OnError on_error;
  bool runs_on_done_commands = false;  ///< `on_done_commands`: commands that a job brings are run
  Push push;
  Sandbox sandbox;
  std::map<std::string, ScheduleEntry> schedule;
  std::vector<std::string> notes;  ///< keys that are accepted without effect, each with its place

  /// "tmp/x" -> ROOT/tmp/x; an absolute path stays as it is.
  [[nodiscard]] std::string resolve(std::string_view path) const;
  /// The reverse, for messages: relative to root_path where it lies below it.
  [[nodiscard]] std::string shown(std::string_view path) const;
  /// nullptr: there is none of that name.
  [[nodiscard]] const Daemon* find_daemon(std::string_view name) const;
};

/// What load() takes from outside the file; the defaults are this process's.
struct LoadOptions {
  std::string environment;  ///< overrides DAEMONZ_ENV and RAILS_ENV
  int cores = 0;            ///< 0: those this process may run on (sched_getaffinity(2))
  /// Variables for ${NAME}; nullptr: the process's own environment. A loan for the call.
  const std::map<std::string, std::string>* variables = nullptr;
  /// Filled with every value in the order of reading, the defaults too; nullptr: not wanted.
  std::vector<Value>* values = nullptr;
};

/// Reads `path`, then `daemonz/*.yml` beside it (each a bare `name: {...}` map of daemons) and
/// `daemonz.ENVIRONMENT.yml` (merged over it), and checks everything.
/// ${NAME} and ${NAME:-default} become environment variables; $${ is a literal ${. The ERB that the
/// Ruby daemonz.yml files used is understood (supervisor.md).
/// Throws Faults. Reads files, changes nothing. Threads: any.
///
///     const auto config = config::load("config/daemonz.yml");
///     for (const auto& daemon : config.daemons) start(config::for_instance(daemon, 0));
[[nodiscard]] Config load(const std::string& path, const LoadOptions& options = {});

/// Only where things are: root_path, environment, state_dir, lock_file and logger; the rest has its
/// stock values. In a fraction of the time, and whatever else in the files is faulty: for commands
/// that ask a supervisor, which has read it all. Throws Faults where these cannot be found out.
[[nodiscard]] Config load_places(const std::string& path, const LoadOptions& options = {});

/// `given` if not empty; else config/daemonz.yml in the working folder or the nearest one above it.
/// Empty: there is none. The caller decides whether that is an error.
[[nodiscard]] std::string find(const std::string& given = {});

/// What find() finds, loaded; else the stock values with the working folder as root.
[[nodiscard]] Config load_found(const std::string& given = {});

/// The values of a file that is not there: for programs that need none (`daemonz-queue --listen
/// ..`).
[[nodiscard]] Config defaults(const std::string& root_path, const LoadOptions& options = {});

}  // namespace daemonz::config
