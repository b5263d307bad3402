#include "offline_tasks/registry.h"

#include "offline_tasks/type_name.h"

namespace daemonz::offline_tasks {

void Registry::add(std::string_view task, Options defaults, Handler handler) {
  add_entry(task, Entry{std::move(defaults), [handler = std::move(handler)](Context& context) {
                          return [&handler, &context] { return handler(context); };
                        }});
}

void Registry::add_entry(std::string_view task, Entry entry) {
  if (!is_task_name(task))
    throw Error(ErrorText{.what = "\"" + std::string(task) +
                                  "\" is not a task name (1..100 characters of [A-Za-z0-9_.:-])"});
  if (!entries_.emplace(task, std::move(entry)).second)
    throw Error(ErrorText{.what = "two tasks have the name \"" + std::string(task) + "\"",
                          .hint = "Rename one: jobs carry the name"});
}

const Registry::Entry* Registry::find(std::string_view task) const {
  const auto found = entries_.find(task);
  return found == entries_.end() ? nullptr : &found->second;
}

bool Registry::knows(std::string_view task) const { return find(task) != nullptr; }

std::vector<std::string> Registry::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

Options Registry::defaults(std::string_view task) const {
  const auto* entry = find(task);
  return entry ? entry->defaults : Options{};
}

Outcome Registry::perform(Context& context) const {
  const auto* entry = find(context.job().task);
  if (!entry)
    throw Error(ErrorText{.what = "no handler for the task \"" + context.job().task + "\"",
                          .where = "job " + context.job().id,
                          .hint = "Add it to the TaskList of this processor"});
  return run_inside(0, context, entry->prepare(context));
}

Outcome Registry::run_inside(std::size_t layer, Context& context,
                             const std::function<Outcome()>& handler) const {
  if (layer == middleware_.size()) return handler();
  return middleware_[layer](context, [&] { return run_inside(layer + 1, context, handler); });
}

namespace {

Outcome without_handler(const Envelope& job, WallTime now) {
  if (job.task == raw_task)
    return Kill{"bytes that are no envelope, and no task \"raw\" here takes them"};
  if (now - job.created <= no_handler_age_max) return Again{no_handler_wait, "no_handler"};
  return Kill{"no processor knew the task \"" + job.task + "\" for " +
              daemonz::to_string(no_handler_age_max)};
}

std::string text_of(const std::exception& error) {
  return type_name(typeid(error)) + ": " + error.what();
}

}  // namespace

Outcome Registry::dispatch(Context& context, WallTime now) const {
  const auto* entry = find(context.job().task);
  if (!entry) return without_handler(context.job(), now);
  std::function<Outcome()> run;
  try {
    run = entry->prepare(context);
  } catch (const std::exception& error) {
    return Kill{"the task " + context.job().task + " cannot take these arguments: " + error.what()};
  }
  try {
    return run_inside(0, context, run);
  } catch (const Superseded&) {
    throw;
  } catch (const std::exception& error) {
    return Fail{text_of(error), context.where_thrown(dynamic_cast<const void*>(&error))};
  } catch (...) {
    return Fail{"an exception that is no std::exception", context.where_thrown(nullptr)};
  }
}

}  // namespace daemonz::offline_tasks
