// The control of the hostile programs: one of them without any box. Harmless by who it is: a user
// that owns nothing on this machine, in a session of its own, ended after a while.
#pragma once

#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace daemonz::tests {

/// Runs `image` with `arguments` (the first is replaced by `name`) and with this process's
/// environment and descriptors. Its lines "ESCAPE ..". Only as root; throws Error else.
[[nodiscard]] std::vector<std::string> unconfined_escapes(const UniqueFd& image,
                                                          const std::string& name,
                                                          std::vector<std::string> arguments);

}  // namespace daemonz::tests
