// The words of a processor's command line, for its two mains: a site's (processor/main.h) and
// daemonz-processor's.
#pragma once

#include <string_view>
#include <vector>

#include "base/queue_name.h"

namespace daemonz::processor {

/// "pulls,pushes" -> the two, in this order. Throws Error that names a bad or repeated one.
[[nodiscard]] std::vector<QueueName> parse_queues(std::string_view text);

/// "0".."9"; 0 is served first. Throws Error otherwise.
[[nodiscard]] Priority parse_priority(std::string_view text, std::string_view option);

/// The environment's MIN_PRIORITY or MAX_PRIORITY, else `otherwise`.
[[nodiscard]] Priority priority_from_environment(const char* variable, Priority otherwise);

}  // namespace daemonz::processor
