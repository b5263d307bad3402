#include "processor/command_line.h"

#include <cstdlib>

#include "base/error.h"
#include "base/units.h"

namespace daemonz::processor {

void take_queues(Options& options, std::string_view text) {
  auto patterns = QueuePatterns::parse(text);
  options.queue_patterns.reset();
  if (patterns.has_globs())
    options.queue_patterns = std::move(patterns);
  else
    options.queues = patterns.expand({});
}

Priority parse_priority(std::string_view text, std::string_view option) {
  const auto number = parse_number(text);
  if (!number || *number > priority_last.level)
    throw Error(ErrorText{.what = "\"" + std::string(text) + "\" is not a priority",
                          .where = std::string(option),
                          .hint = "Allowed: 0 (served first) .. 9."});
  return Priority{static_cast<std::uint8_t>(*number)};
}

Bytes parse_size(std::string_view text, std::string_view option) {
  const auto size = parse_bytes(text);
  if (!size || size->count == 0)
    throw Error(ErrorText{.what = "\"" + std::string(text) + "\" is not a size",
                          .where = std::string(option),
                          .hint = "Allowed: 512M, 2G, .."});
  return *size;
}

Priority priority_from_environment(const char* variable, Priority otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? parse_priority(text, variable) : otherwise;
}

}  // namespace daemonz::processor
