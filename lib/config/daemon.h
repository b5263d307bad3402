// One entry of `daemons:`: what is to run, how many times, and how it is started, watched, stopped.
// Plain checked values; the states and the processes are the supervisor's. Follows supervisor.md
// ("daemonz.yml: the original format is accepted", "The extended form"). config/daemonz.yml
// comments every key.
#pragma once

#include <sys/resource.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/rare.h"
#include "base/units.h"

namespace daemonz::config {

inline constexpr int instances_max = 4096;  ///< a typing error must not fork-bomb the machine

/// When an instance counts as ready.
struct Ready {
  enum class Kind {
    started,      ///< no `ready:` key: as soon as exec has succeeded
    notify,       ///< it says READY=1 on NOTIFY_SOCKET
    tcp,          ///< `address` accepts a connection
    unix_socket,  ///< the socket `target` (a path) accepts a connection
    memcache,     ///< `address` answers `version`
    http,         ///< a GET of `target` (a URL) answers 2xx or 3xx
    exec,         ///< `command` exits 0
    log           ///< a line of its output matches the regular expression `target`
  };
  Kind kind = Kind::started;
  std::string host = "127.0.0.1";  ///< tcp, memcache
  int port = 0;                    ///< tcp, memcache; filled by for_instance() if it holds ${port}
  std::string port_text;           ///< as written
  std::string target;  ///< unix_socket: absolute path; http: URL; log: regex(7), extended
  std::vector<std::string> command;  ///< exec
  Milliseconds timeout{30'000};      ///< not ready by then: the start has failed
  friend bool operator==(const Ready&, const Ready&) = default;
};

/// Asked again and again while an instance is up. Failed once it is UNHEALTHY and not ready;
/// succeeded once it is RUNNING again.
struct Health {
  enum class Policy {
    restart,  ///< after `failures` in a row it is stopped in order and started again
    keep      ///< it stays UNHEALTHY until it succeeds
  };
  Ready check;                    ///< tcp, unix_socket, memcache, http or exec
  Milliseconds interval{10'000};  ///< from an answer to the next question
  int failures = 3;
  Policy policy = Policy::restart;
  friend bool operator==(const Health&, const Health&) = default;
};

/// How an instance is ended: `command` if there is one, after a grace `signal`, then SIGKILL to
/// its tree.
struct Stop {
  enum class Kill {
    tree,     ///< the widest that the machine has: cgroup, else group and adopted orphans
    cgroup,   ///< its cgroup (the same as tree where there is none)
    group,    ///< its process group
    process,  ///< the main process alone
  };
  std::vector<std::string> command;     ///< empty: signal it at once
  Milliseconds delay_before_signal{0};  ///< `delay_before_kill`: grace after `command`
  int signal = 15;                      ///< SIGTERM
  Milliseconds timeout{10'000};         ///< of the command, and from the signal to SIGKILL
  Kill kill = Kill::tree;
};

/// From the wish to end it until SIGKILL: `timeout` for the command, the grace, `timeout` for the
/// signal.
[[nodiscard]] Milliseconds longest_stop(const Stop& stop);

/// What happens when an instance exits without having been asked to.
struct Restart {
  enum class Policy { always, on_failure, never };
  Policy policy = Policy::always;
  Milliseconds delay{0};             ///< before the first restart
  Milliseconds max_delay{30'000};    ///< the backoff grows up to this
  double factor = 2;                 ///< per failure in a row, from 1 s if delay is 0; at least 1
  double jitter = 0.1;               ///< of the delay, 0..1
  Milliseconds reset_after{10'000};  ///< up for so long: the next failure counts as the first
  int limit = 5;                     ///< restarts `within` that time, then FATAL; 0: no limit
  Milliseconds within{60'000};
};

enum class Condition { ready, started, completed };

/// What an instance may use. Absent: as the supervisor was started with.
struct ProcessLimits {
  std::map<int, rlimit> resources;   ///< RLIMIT_* -> soft and hard, as setrlimit(2) takes them
  std::optional<Bytes> memory;       ///< of the instance's whole tree
  std::optional<int> nice;           ///< -20..19
  std::optional<int> oom_score_adj;  ///< -1000..1000
};

/// The key of RLIMIT_*: "nofile".
[[nodiscard]] std::string resource_name(int number);

/// Where the output of an instance goes.
struct LogFile {
  friend bool operator==(const LogFile&, const LogFile&) = default;

  enum class Timestamp { none, rfc3339 };
  std::string path;                ///< absolute; default log/${name}.${index}.log
  std::string stderr_path;         ///< absolute; empty: merged into `path`
  Bytes max_size = mebibytes(16);  ///< rotated beyond this
  int keep = 5;                    ///< rotated files kept
  Timestamp timestamp = Timestamp::none;
  bool has_prefix = false;  ///< each line begins with the name of its instance
};

/// One daemon. A value; what one of its instances gets is for_instance(). Threads: any.
struct Daemon {
  enum class Type {
    simple,   ///< the process that was started is the daemon
    forking,  ///< it daemonizes itself; `pid_files` find its main process (original format)
  };
  std::string name;  ///< [A-Za-z0-9_-], at most 64
  /// Key -> "FILE:LINE:COLUMN" of its value; "" -> of the entry: for what only its user can judge.
  std::map<std::string, std::string> places;
  Type type = Type::simple;
  std::vector<std::string> command;  ///< argv. [0] bare: beside daemonz, then PATH; else absolute
  bool is_path_only = false;         ///< `absolute_binary`: [0] is looked up in PATH alone
  int instances = 1;                 ///< `cores` is already a number
  bool is_per_core = false;          ///< it was written as `cores`
  int start_order = 0;               ///< waves, ascending; stopped in reverse
  std::map<std::string, Condition> depends_on;
  Ready ready;
  Rare<Health> health;
  Stop stop;
  Restart restart;
  std::optional<Milliseconds> watchdog;  ///< WATCHDOG=1 must come at least this often
  bool is_vital = false;                 ///< given up = stop everything, exit non-zero
  bool is_disabled = false;              ///< skip it
  ProcessLimits limits;
  std::string user, group;                 ///< names or ids; empty: as the supervisor
  std::map<std::string, std::string> env;  ///< added to the supervisor's own
  std::string working_folder;              ///< absolute; default root_path
  std::optional<int> umask;
  std::optional<int> port;  ///< instance i gets PORT = port + i
  LogFile log;
  std::vector<std::string> pid_files;      ///< absolute globs
  std::vector<std::string> kill_patterns;  ///< all must be found in a stale process's command line
};

/// The entry as instance `index` (from 0) has it: ${name}, ${index}, ${instance} ("processor:2")
/// and ${port} (port + index) are replaced in command, env, folders, files and checks, and env
/// holds DAEMONZ_NAME, DAEMONZ_INDEX and, with a port, PORT. Never throws for a loaded Daemon.
[[nodiscard]] Daemon for_instance(const Daemon& daemon, int index);

}  // namespace daemonz::config
