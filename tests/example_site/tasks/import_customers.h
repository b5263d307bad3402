// Reads "name,address" lines and greets each customer by mail. A file of any length: progress is
// shown, and an import that was interrupted goes on behind the last line that was done.
#pragma once

#include <string>
#include <vector>

#include "offline_tasks/push.h"

struct ImportCustomers {
  std::vector<std::string> lines;

  static constexpr std::string_view name = "import_customers";
  daemonz::offline_tasks::Outcome perform(daemonz::offline_tasks::Context& context) const;
};
BOOST_DESCRIBE_STRUCT(ImportCustomers, (), (lines))
