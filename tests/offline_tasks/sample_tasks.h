// Tasks for the tests of this room.
#pragma once

#include "offline_tasks/context.h"
#include "offline_tasks/task.h"

namespace samples {

using daemonz::offline_tasks::Context;
using daemonz::offline_tasks::Options;
using daemonz::offline_tasks::Outcome;

/// Gives back its arguments.
struct Echo {
  std::int64_t number = 0;
  std::string text;
  static constexpr std::string_view name = "echo";
  static Options defaults() { return {.queue = "echoes", .max_attempts = 3}; }
  Outcome perform(Context& context) const;
};
BOOST_DESCRIBE_STRUCT(Echo, (), (number, text))

/// Ends in the way it is told.
struct End {
  std::string how;
  static constexpr std::string_view name = "end";
  Outcome perform(Context& context) const;
};
BOOST_DESCRIBE_STRUCT(End, (), (how))

/// Pushes an Echo, as a task may.
struct Chain {
  static constexpr std::string_view name = "chain";
  Outcome perform(Context& context) const;
};
BOOST_DESCRIBE_STRUCT(Chain, (), ())

/// Its perform is defined nowhere: a front end that pushes it links all the same.
struct ElsewherePerformed {
  int number = 0;
  static constexpr std::string_view name = "elsewhere";
  Outcome perform(Context& context) const;
};
BOOST_DESCRIBE_STRUCT(ElsewherePerformed, (), (number))

using Tasks = daemonz::offline_tasks::TaskList<Echo, End, Chain>;
using FrontEndTasks = daemonz::offline_tasks::TaskList<Echo, ElsewherePerformed>;

}  // namespace samples
