// What a task is, and the list of a site's tasks. A front end includes this (through the header of
// its task) and push.h; it never needs a `perform`. Follows jobs.md, "The front end's API".
//
//     struct MailResult {                                          // tasks/mail_result.h
//       std::int64_t submission_id{};
//       static constexpr std::string_view name = "mail_result";
//       static offline_tasks::Options defaults() { return {.max_attempts = 5}; }  // or left out
//       offline_tasks::Outcome perform(offline_tasks::Context&) const;   // in the processor's .cc
//     };
//     BOOST_DESCRIBE_STRUCT(MailResult, (), (submission_id))       // the arguments
//
//     using CourseTasks = offline_tasks::TaskList<GradeSubmission, MailResult>;   // tasks/tasks.h
//
// A name, once used, stays: jobs in flight carry it. So do the names of the fields.
#pragma once

#include <array>
#include <concepts>
#include <string_view>
#include <type_traits>
#include <vector>

#include "offline_tasks/arguments.h"
#include "offline_tasks/envelope.h"
#include "offline_tasks/options.h"
#include "offline_tasks/outcome.h"

namespace daemonz::db {
class Connection;
}

namespace daemonz::offline_tasks {

class Context;
class PushAnswer;

template <class T>
concept Task =
    std::is_class_v<T> && std::default_initializable<T> && arguments::is_described<T> && requires {
  { T::name } -> std::convertible_to<std::string_view>;
};

/// The task's own options: its defaults(), or none.
template <Task T>
[[nodiscard]] Options task_defaults() {
  if constexpr (requires {
                  { T::defaults() } -> std::convertible_to<Options>;
                })
    return T::defaults();
  else
    return {};
}

/// All tasks of a site. Two tasks of one name, a type that is no task, and pushing a task that is
/// not in the list are compile errors. The push functions are push.h's, checked against the list.
template <class... Tasks>
struct TaskList {
  static_assert((Task<Tasks> && ...),
                "a task is a default constructible struct with `static constexpr std::string_view "
                "name` and, behind it in its namespace, BOOST_DESCRIBE_STRUCT(Type, (), (fields))");

  static constexpr std::size_t size = sizeof...(Tasks);
  static constexpr std::array<std::string_view, size> names{Tasks::name...};

  template <class T>
  static constexpr bool contains = (std::same_as<T, Tasks> || ...);

  /// True when every name is one, and no two are the same.
  static constexpr bool has_good_names() {
    for (std::size_t i = 0; i < size; ++i) {
      if (!is_task_name(names[i])) return false;
      for (std::size_t k = i + 1; k < size; ++k)
        if (names[i] == names[k]) return false;
    }
    return true;
  }
  static_assert(has_good_names(),
                "two tasks of one name, or a name that is not 1..100 of [A-Za-z0-9_.:-]");

  template <class T>
  static PushAnswer push_pull(const T& task, const Options& options = {});
  template <class T>
  static PushAnswer push_push(const T& task, const Options& options = {});
  /// With the caller's transaction or not at all; defined in outbox.h.
  template <class T>
  static JobId push(db::Connection& in_transaction, const T& task, const Options& options = {});
  template <class T>
  static std::vector<JobId> push_many(const std::vector<T>& tasks, const Options& options = {});
};

}  // namespace daemonz::offline_tasks
