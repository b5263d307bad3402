// The sections of daemonz.yml besides `daemons:`, as checked values with their defaults.
// Follows cli.md (last paragraph), queue-protocol.md ("Queue options") and jobs.md. What the values
// mean is written in the rooms that take them as Options; the mains copy them over.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace daemonz::config {

/// `queue: defaults:` and `queue: queues: NAME:`. Inheritance is done: every value is final.
struct QueueOptions {
  enum class Durability { always, never, memory };
  std::optional<std::uint64_t> max_items;
  std::optional<Bytes> max_bytes;
  Bytes max_item_bytes = mebibytes(1);  ///< at most 64 MiB
  std::optional<Milliseconds> max_age;
  bool discard_oldest = false;
  std::string expire_to;  ///< queue name; empty: expired items are dropped
  bool dead_letter = true;
  std::uint32_t max_deliveries = 5;  ///< 0: no limit
  Milliseconds retry_delay{0};
  Milliseconds lease_default{30'000};
  Milliseconds lease_max{3'600'000};
  Milliseconds dedupe_window{600'000};
  Durability durability = Durability::always;
};

/// `queue:`, what daemonz-queue serves. Addresses are HOST:PORT (an IPv6 host in brackets).
struct QueueServer {
  std::vector<std::string> listen = {"127.0.0.1:22122"};
  std::string unix_path;  ///< absolute; default tmp/daemonz/queue.sock; `unix: none`: empty
  std::string dir;        ///< absolute; default tmp/daemonz/queue
  Bytes max_memory = mebibytes(32);
  bool allow_flush_all = false;
  std::string users_file;  ///< absolute; empty: no authentication
  QueueOptions defaults;
  std::map<std::string, QueueOptions> queues;
};

/// `tasks: NAME:`. nullopt: the task's own default holds (jobs.md, "Options").
struct Task {
  enum class Isolation { thread, fork, exec };
  enum class Track { all, failures, none };
  std::vector<std::string> command;  ///< `exec:`; not empty: any program performs the task
  std::optional<std::string> queue;
  std::optional<int> priority;
  std::optional<Milliseconds> delay, timeout, expires_in;
  std::optional<int> max_attempts, max_deliveries;
  std::optional<Isolation> isolation;
  std::optional<Bytes> memory;  ///< of all processes of one attempt; isolation fork and exec
  std::optional<Track> track;
  std::optional<bool> keep_failed, keep_result;
};

/// `on_error:`, whom processors and the scheduler tell of failed attempts and dead jobs.
struct OnError {
  std::vector<std::string> command;  ///< `exec:`, the message on its stdin
  std::string webhook;               ///< http://.., gets it by POST
};

/// `push:`, what a front end does with a job.
struct Push {
  enum class Strategy { queue, http, async, in_line, fake };
  enum class Fallback { queue, spool, in_line, discard };
  Strategy strategy = Strategy::queue;
  Milliseconds deadline{250};
  std::vector<Fallback> fallback = {Fallback::queue};
  std::string spool_dir;                            ///< absolute; default tmp/daemonz/spool
  std::string url;                                  ///< strategy http
  std::map<std::string, std::string> signing_keys;  ///< key id -> absolute path of its file
  std::string sign_with;                            ///< key id; empty: unsigned
  Milliseconds signature_lifetime = std::chrono::hours(24 * 7);
  std::vector<std::pair<std::string, std::string>> routes;  ///< glob of task names -> queue
};

/// `sandbox: profiles: run: | compile:`. nullopt: the sandbox's own limit for that profile.
struct SandboxLimits {
  std::optional<Milliseconds> cpu, wall;
  std::optional<Bytes> memory, stdout_max, stderr_max, file_size, scratch;
  std::optional<std::uint32_t> processes, inodes, fds;
  friend bool operator==(const SandboxLimits&, const SandboxLimits&) = default;
};

/// `sandbox: languages: NAME:`, on top of those that the judge knows. What is left out of a row
/// whose name the judge knows stays as it is.
struct Language {
  std::string code;                     ///< of the package format; empty: the name
  std::vector<std::string> extensions;  ///< with the dot
  std::vector<std::string> compile;     ///< argv with language_placeholders; may be empty
  std::vector<std::string> run;         ///< the same; empty: {binary} itself
  bool is_disabled = false;
};

/// What the judge fills in (judge/language.h says with what).
inline constexpr std::array<std::string_view, 6> language_placeholders{
    "{sources}", "{entry}", "{binary}", "{class}", "{heap_mib}", "{stack_mib}"};

struct Sandbox {
  enum class LimitMode { automatic, v2, v1, rlimit };
  int slots = 1;  ///< default `cores`, already a number
  LimitMode limits = LimitMode::automatic;
  SandboxLimits run, compile;
  std::map<std::string, Language> languages;
};

/// `schedule: NAME:`; resque-scheduler's `class` is `task`. Exactly one of cron and every is set.
struct ScheduleEntry {
  enum class Overlap { skip, queue, replace };
  enum class CatchUp { none, last, all };
  std::string cron;  ///< five fields or @daily..; read by the scheduler
  std::optional<Milliseconds> every;
  std::string zone;  ///< IANA name; empty: UTC
  std::string task;
  std::string args_json = "{}";
  std::string queue;  ///< empty: the task's
  std::string description;
  Overlap overlap = Overlap::queue;
  CatchUp catch_up = CatchUp::none;
};

}  // namespace daemonz::config
