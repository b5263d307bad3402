#include "offline_tasks/push.h"

struct Greet {
  std::string name_of_guest;
  std::int64_t times{1};
  static constexpr std::string_view name = "greet";
  static daemonz::offline_tasks::Options defaults() { return {.max_attempts = 3}; }
  daemonz::offline_tasks::Outcome perform(daemonz::offline_tasks::Context&) const;
};
BOOST_DESCRIBE_STRUCT(Greet, (), (name_of_guest, times))

using SiteTasks = daemonz::offline_tasks::TaskList<Greet>;
