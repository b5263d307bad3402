// How a site's daemonz.yml says to push: `broker:`, `database:`, `push:` and `tasks:`. Not the file
// itself: room config.
//
//     offline_tasks::connect_from_config();     // in main: the nearest config/daemonz.yml
#pragma once

#include <string>

#include "config/config.h"
#include "offline_tasks/hooks.h"
#include "offline_tasks/push.h"

namespace daemonz::offline_tasks {

/// `push: signing_keys`, read from their files (blanks at their ends are no part of them), and
/// `sign_with`. Throws Error that names the file.
[[nodiscard]] Signing signing_of(const config::Config& config);

/// Of `on_error:`, for processors and the scheduler.
[[nodiscard]] std::vector<Hook> hooks_of(const config::OnError& told);

/// What connect() wants. Throws as signing_of.
[[nodiscard]] ConnectOptions connect_options(const config::Config& config);

/// The same for a program that is no front end (a person's push, a task's further jobs): onto the
/// queue, or an error that is seen.
[[nodiscard]] ConnectOptions queue_options(const config::Config& config);

/// connect() as the file says: `path`, or the nearest config/daemonz.yml, or the stock values.
/// `registry`, a loan, is who performs where the file says async, inline or fake. Throws
/// config::Faults, and as above.
void connect_from_config(const std::string& path = {}, const Registry* registry = nullptr);

}  // namespace daemonz::offline_tasks
