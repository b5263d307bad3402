#include "tasks/import_customers.h"

#include "tasks/send_mail.h"

using namespace daemonz;
using namespace daemonz::offline_tasks;

Outcome ImportCustomers::perform(Context& context) const {
  const auto done = context.checkpoint();
  const auto first = done ? done->to_number<std::size_t>() : 0;
  for (auto i = first; i < lines.size(); ++i) {
    if (context.stop_requested()) return Again{.why = "the processor stops"};
    const auto comma = lines[i].find(',');
    if (comma == std::string::npos)
      return Kill{"line " + std::to_string(i + 1) + " has no comma: " + lines[i]};
    const auto name = lines[i].substr(0, comma), address = lines[i].substr(comma + 1);
    context.push(SendMail{.to = address, .subject = "Welcome", .text = "Dear " + name + ","},
                 {.unique_key = "welcome:" + address});
    context.checkpoint(i + 1);
    context.progress(static_cast<std::int64_t>(i + 1), static_cast<std::int64_t>(lines.size()));
  }
  return Done{{{"customers", lines.size()}}};
}
