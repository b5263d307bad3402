// The supervisor's own log, written so that its loop never waits for it: a file that turns over by
// size and is followed by name, or stderr as long as its reader keeps up. Not the logs of the
// instances (log_sink.h). Follows supervisor.md, "Mechanisms".
#pragma once

#include <string>

namespace daemonz::supervisor {

/// From here on base/log.h writes to `path`; the stock size and number of turned files (see
/// config::LogFile). A full disk drops lines and says how much. Throws Error that names the file.
void log_to_file(const std::string& path);

/// From here on base/log.h drops lines that stderr cannot take at once (a pipe whose reader has
/// stopped, a terminal on hold) and says how many when it can again.
void log_to_stderr();

}  // namespace daemonz::supervisor
