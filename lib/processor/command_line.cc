#include "processor/command_line.h"

#include <cstdlib>

#include "base/error.h"
#include "base/units.h"

namespace daemonz::processor {

std::vector<QueueName> parse_queues(std::string_view text) {
  std::vector<QueueName> queues;
  while (true) {
    const auto comma = text.find(',');
    const QueueName queue(text.substr(0, comma));
    if (std::ranges::find(queues, queue) != queues.end())
      throw Error(ErrorText{.what = "the queue " + queue.text() + " is named twice",
                            .hint = "The order says which is served first: name each once."});
    queues.push_back(queue);
    if (comma == std::string_view::npos) return queues;
    text.remove_prefix(comma + 1);
  }
}

Priority parse_priority(std::string_view text, std::string_view option) {
  const auto number = parse_number(text);
  if (!number || *number > priority_last.level)
    throw Error(ErrorText{.what = "\"" + std::string(text) + "\" is not a priority",
                          .where = std::string(option),
                          .hint = "Allowed: 0 (served first) .. 9."});
  return Priority{static_cast<std::uint8_t>(*number)};
}

Priority priority_from_environment(const char* variable, Priority otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? parse_priority(text, variable) : otherwise;
}

}  // namespace daemonz::processor
