// The answers to `stats ...`. Follows queue-protocol.md, "Stats keys".
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "queue_server/hub.h"

namespace daemonz::queue_server {

/// The whole reply; `words` is what followed "stats".
[[nodiscard]] std::string stats_reply(Hub& hub, std::span<const std::string_view> words);

}  // namespace daemonz::queue_server
