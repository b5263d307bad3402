// How a job is to be run: every field is optional, and four places may say something about each.
// They merge field by field: call site > daemonz.yml > task > built in. Follows jobs.md, "The front
// end's API". Not the job itself: offline_tasks/envelope.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/queue_name.h"
#include "base/units.h"

namespace daemonz::offline_tasks {

/// Which jobs have a row in the job table. `failures`: only what went wrong costs a database write.
/// `none`: not even that; what is dead is kept all the same.
enum class Track { all, failures, none };
[[nodiscard]] const char* to_string(Track track);
[[nodiscard]] std::optional<Track> parse_track(std::string_view text);

/// What follows when a job is done, as data: exactly one of the three. A follow-up task goes onto
/// its queue (empty: `pushes`); a webhook is POSTed, a command is run, each with the JSON object
/// {"id","task","result"} (the command on its stdin). None of them can fail the job.
struct OnDone {
  std::string task;
  json::object args;  ///< of `task`
  std::string queue;  ///< of `task`
  std::string webhook;
  std::vector<std::string> exec;  ///< argv, without a shell
};
[[nodiscard]] json::object to_json(const OnDone& action);
/// Throws Error that says which of the three is missing or one too many.
[[nodiscard]] OnDone on_done_from(const json::object& from);

/// A value; nothing set means "as the next place says". Threads: any.
///
///     offline_tasks::push_push(MailResult{42}, {.delay = 5s, .unique_key = "mail:42"});
struct Options {
  std::optional<std::string> queue;  ///< push_pull looks at the call site's only (push.h)
  std::optional<Priority> priority;  ///< Priority{0} is served first
  std::optional<Milliseconds> delay;
  std::optional<WallTime> run_at;  ///< beats `delay` of the same place or of a lesser one
  std::optional<std::uint32_t> max_attempts;
  /// How often the job may be handed out before it counts as one that kills its processor; empty:
  /// the queue's own (5). Raise it where the work cannot harm a processor.
  std::optional<std::uint32_t> max_deliveries;
  std::optional<std::vector<Milliseconds>> backoff;  ///< wait before retry 1, 2, ..; the last stays
  std::optional<Milliseconds> timeout;               ///< of one attempt
  std::optional<Milliseconds> expires_in;  ///< not begun later than this after the push: dead then
  std::optional<Track> track;
  std::optional<bool> keep_failed;  ///< false: a dead job is dropped with a line in the log
  std::optional<bool> keep_result;  ///< false: Done::result is not stored
  /// A second push of it onto the same queue is a Duplicate while the job of the first one lives.
  std::optional<std::string> unique_key;
  /// With unique_key: for so long after the push at least, also when the job is done before.
  std::optional<Milliseconds> unique_for;
  std::optional<std::vector<OnDone>> on_done;
  std::map<std::string, std::string> context;  ///< session, locale, trace: travels as "ctx"; merges
};

inline constexpr std::size_t on_done_max = 8;  ///< actions of one job: they travel in it
inline constexpr std::uint32_t max_attempts_default = 25;    ///< with the stock backoff: 20 days
inline constexpr std::uint32_t max_attempts_limit = 1000;    ///< more is a job that never ends
inline constexpr std::uint32_t max_deliveries_limit = 1000;  ///< the same
inline constexpr Milliseconds timeout_default = std::chrono::hours(1);
/// 100 years: no time that a job names is longer. The queue server takes no more either.
inline constexpr Milliseconds span_max = std::chrono::hours(24 * 365 * 100);

/// What holds where nobody says anything. `queue` and `track` stay empty: they depend on the push.
[[nodiscard]] Options built_in();

/// Field by field: `preferred` where it says something, else `otherwise`.
[[nodiscard]] Options merge(Options preferred, const Options& otherwise);

/// Throws Error that names the task and the option: a bad queue name (or one of over 60 bytes), a
/// priority above 9, times below 0 or above span_max, max_attempts outside 1..max_attempts_limit,
/// unique_for without unique_key, an on_done that is none.
void check(const Options& options, std::string_view task);

}  // namespace daemonz::offline_tasks
