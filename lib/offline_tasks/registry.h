// Task name -> what performs it: the processor's side of a TaskList. Only the processor's .cc (and
// a test that runs inline) includes this and calls of<>(): that is what asks the linker for every
// `perform`. Follows jobs.md, "The front end's API".
//
//     const auto registry = offline_tasks::Registry::of<CourseTasks>();
//     Outcome outcome = registry.dispatch(context);
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "offline_tasks/context.h"
#include "offline_tasks/task.h"

namespace daemonz::offline_tasks {

/// A job whose task nobody here knows waits for a processor that does: `Again{no_handler_wait,
/// "no_handler"}` until it is this old, then Kill. So a rolling deploy loses nothing.
inline constexpr Milliseconds no_handler_wait{5'000};
inline constexpr Milliseconds no_handler_age_max = std::chrono::hours(1);

/// Threads: one while filling, any afterwards (handlers run at once in several threads).
class Registry {
 public:
  using Handler = std::function<Outcome(Context&)>;

  template <class List>
  [[nodiscard]] static Registry of() {
    Registry registry;
    registry.add_list(static_cast<List*>(nullptr));
    return registry;
  }

  /// A task that is no struct (exec tasks, `raw`). Throws Error when the name is taken or none.
  void add(std::string_view task, Options defaults, Handler handler);

  /// Around every job: sets up what the job's context names (locale, session), times, rewrites or
  /// replaces the outcome; calls `next` once, or not at all. The first one added is the outermost.
  /// What it throws is the handler's exception. Settling and acknowledging lie outside of it.
  using Middleware = std::function<Outcome(Context&, const std::function<Outcome()>& next)>;
  void around(Middleware middleware) { middleware_.push_back(std::move(middleware)); }

  [[nodiscard]] bool knows(std::string_view task) const;
  [[nodiscard]] std::vector<std::string> names() const;
  /// The task's own defaults(); empty Options for an unknown one.
  [[nodiscard]] Options defaults(std::string_view task) const;

  /// Runs the handler of context.job().task. What it throws comes out; an unknown task and
  /// arguments of a wrong type throw Error.
  [[nodiscard]] Outcome perform(Context& context) const;

  /// The same for a processor, which must go on whatever a handler does: an exception is Fail with
  /// its type and text; arguments that do not fit are Kill (they will not fit next time); an
  /// unknown task is Again, see above. Throws Superseded only.
  [[nodiscard]] Outcome dispatch(Context& context, WallTime now = real_clock().wall()) const;

 private:
  struct Entry {
    Options defaults;
    /// Reads the arguments, so that their faults are told from the handler's.
    std::function<std::function<Outcome()>(Context&)> prepare;
  };

  template <class... Tasks>
  void add_list(TaskList<Tasks...>*) {
    (add_task<Tasks>(), ...);
  }

  template <class T>
  void add_task() {
    static_assert(
        requires(const T& task, Context& context) {
          { task.perform(context) } -> std::convertible_to<Outcome>;
        },
        "a task of a processor needs: offline_tasks::Outcome perform(offline_tasks::Context&) "
        "const");
    add_entry(T::name, Entry{task_defaults<T>(), [](Context& context) {
                               return [task = from_json<T>(context.job().args),
                                       &context]() -> Outcome { return task.perform(context); };
                             }});
  }

  void add_entry(std::string_view task, Entry entry);
  [[nodiscard]] const Entry* find(std::string_view task) const;
  [[nodiscard]] Outcome run_inside(std::size_t layer, Context& context,
                                   const std::function<Outcome()>& handler) const;

  std::vector<Middleware> middleware_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace daemonz::offline_tasks
