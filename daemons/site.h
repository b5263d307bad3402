// What the programs of one site share beyond program.h: its daemonz.yml, and how its front ends
// push. A key that this version reads but cannot honour is refused here, never ignored.
#pragma once

#include "config/config.h"
#include "offline_tasks/push.h"
#include "program.h"

namespace daemonz::program {

/// The file that --config names, or the nearest config/daemonz.yml; without one the stock values.
/// Throws config::Faults.
[[nodiscard]] config::Config load_config(const Common& common);

/// `broker:`, `database:`, `push:` and `tasks:` as offline_tasks::connect wants them. Throws Error
/// that names the key when it asks for what is not built yet (strategies, fallbacks, signing).
[[nodiscard]] offline_tasks::ConnectOptions connect_options(const config::Config& config);

}  // namespace daemonz::program
