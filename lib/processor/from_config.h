// What a site's daemonz.yml says of its processors. Not the command line, which wins over it, and
// not how jobs are pushed (offline_tasks/from_config.h).
#pragma once

#include "config/config.h"
#include "processor/options.h"

namespace daemonz::processor {

/// Sets `broker`, `database`, `tasks`, `signing` and the hooks.
void apply(const config::Config& config, Options& options);

}  // namespace daemonz::processor
