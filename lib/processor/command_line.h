// The words of a processor's command line, for its two mains: a site's (processor/main.h) and
// daemonz-processor's.
#pragma once

#include <string_view>

#include "base/queue_name.h"
#include "processor/options.h"

namespace daemonz::processor {

/// "pulls,pushes" -> the two, in this order; with globs ("critical,*,!low") they are expanded while
/// it works. Throws Error that names a bad or repeated one.
void take_queues(Options& options, std::string_view text);

/// "0".."9"; 0 is served first. Throws Error otherwise.
[[nodiscard]] Priority parse_priority(std::string_view text, std::string_view option);

/// "512M". Throws Error that names the option.
[[nodiscard]] Bytes parse_size(std::string_view text, std::string_view option);

/// The environment's MIN_PRIORITY or MAX_PRIORITY, else `otherwise`.
[[nodiscard]] Priority priority_from_environment(const char* variable, Priority otherwise);

}  // namespace daemonz::processor
