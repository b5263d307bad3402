// The front end: hand a job over and go on. Includes no `perform`. Follows jobs.md, "The front
// end's API", and delivery.md, points 1-5 and 17.
//
//     offline_tasks::connect({.broker = "memcache+unix://tmp/daemonz/queue.sock"});   // in main
//     auto answer = offline_tasks::push_pull(GradeSubmission{42, "c++"});   // somebody waits
//     offline_tasks::push_push(MailResult{42}, {.delay = 5s, .unique_key = "mail:42"});
//     auto grade = offline_tasks::wait(answer.id(), 20s);                   // status.h
//
// CourseTasks::push_pull(..) does the same and refuses, at compile time, what is not in the list.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/units.h"
#include "offline_tasks/connect.h"
#include "offline_tasks/context.h"
#include "offline_tasks/envelope.h"
#include "offline_tasks/options.h"
#include "offline_tasks/task.h"

namespace daemonz::offline_tasks {

inline constexpr std::string_view pulls = "pulls";    ///< the queue of push_pull: served first
inline constexpr std::string_view pushes = "pushes";  ///< the queue of push_push

/// The job was taken: by "queue", "http", "spool" (a file, replayed later), "inline" (performed in
/// the call), "async", "fake", or "discard" (dropped, as the configuration wants).
struct Pushed {
  JobId id;
  std::string taken_by;
};

/// A job with this unique key is alive: nothing was stored.
struct Duplicate {
  std::string unique_key;
};

/// What became of a push. A value. Threads: any. That nothing took the job is an Error, not an
/// answer.
class PushAnswer {
 public:
  explicit PushAnswer(std::variant<Pushed, Duplicate> answer) : answer_(std::move(answer)) {}
  [[nodiscard]] bool is_duplicate() const { return std::holds_alternative<Duplicate>(answer_); }
  /// Throws Error when it was a Duplicate: that job has an id that only its own push knows.
  [[nodiscard]] const JobId& id() const;
  [[nodiscard]] const std::variant<Pushed, Duplicate>& value() const { return answer_; }

 private:
  std::variant<Pushed, Duplicate> answer_;
};

/// Which of the two queues, where the call site names none. push_pull does not ask the task or
/// daemonz.yml for a queue: that one is for push_push.
enum class Direction { pull, push };

/// A push in the plain: what the templates below boil down to.
struct PushRequest {
  Direction direction = Direction::push;
  std::string task;
  json::object args;
  Options call_site;
  Options task_defaults;
};

/// Makes the envelope as it travels: merges the options (connect()'s `tasks` between call site and
/// task), checks them, gives it an id, asks the middleware, signs it. Throws Error that names the
/// task and the option, and what the middleware throws.
[[nodiscard]] Envelope make_envelope(const PushRequest& request, WallTime now);
[[nodiscard]] Envelope make_envelope(const PushRequest& request);  ///< now, as connect() has it

/// The follow-up task of an on_done, as a push of its own.
[[nodiscard]] Envelope follow_up(const OnDone& action, WallTime now);

/// Throws Error that names the task when nothing took the job: not its strategy within the
/// deadline, nor what the fallback chain has besides. After an unknown outcome the same id is
/// pushed again, so it is stored once, and then only the spool may have it, which keeps the id.
PushAnswer push(const PushRequest& request);
/// The same for an envelope that is made up already (a relay, a retry by hand).
PushAnswer push_envelope(const Envelope& job);
/// One round trip, all or nothing; all get one batch id. One queue, priority, delay and expiry for
/// all, and no unique keys: throws Error otherwise. An empty list does nothing.
std::vector<JobId> push_many(const std::vector<PushRequest>& requests);

// By type.
template <Task T>
PushAnswer push_pull(const T& task, const Options& options = {}) {
  return push({Direction::pull, std::string(T::name), to_json(task), options, task_defaults<T>()});
}
template <Task T>
PushAnswer push_push(const T& task, const Options& options = {}) {
  return push({Direction::push, std::string(T::name), to_json(task), options, task_defaults<T>()});
}
template <Task T>
std::vector<JobId> push_many(const std::vector<T>& tasks, const Options& options = {}) {
  std::vector<PushRequest> requests;
  requests.reserve(tasks.size());
  for (const T& task : tasks)
    requests.push_back(
        {Direction::push, std::string(T::name), to_json(task), options, task_defaults<T>()});
  return push_many(requests);
}

// By name, for front ends without the type: push_pull("grade_submission", {{"submission_id", 42}}).
PushAnswer push_pull(std::string_view task, json::object args, const Options& options = {});
PushAnswer push_push(std::string_view task, json::object args, const Options& options = {});

template <class... Tasks>
template <class T>
PushAnswer TaskList<Tasks...>::push_pull(const T& task, const Options& options) {
  static_assert(contains<T>,
                "this task is not in the TaskList: add it there, or no processor knows it");
  return offline_tasks::push_pull(task, options);
}

template <class... Tasks>
template <class T>
PushAnswer TaskList<Tasks...>::push_push(const T& task, const Options& options) {
  static_assert(contains<T>,
                "this task is not in the TaskList: add it there, or no processor knows it");
  return offline_tasks::push_push(task, options);
}

template <class... Tasks>
template <class T>
std::vector<JobId> TaskList<Tasks...>::push_many(const std::vector<T>& tasks,
                                                 const Options& options) {
  static_assert(contains<T>,
                "this task is not in the TaskList: add it there, or no processor knows it");
  return offline_tasks::push_many(tasks, options);
}

template <class T>
JobId Context::push(const T& task, const Options& options) {
  return push(make_envelope(
      {Direction::push, std::string(T::name), to_json(task), options, task_defaults<T>()}));
}

}  // namespace daemonz::offline_tasks
