// One command line of the memcache text protocol, taken apart. Follows queue-protocol.md and
// memcached's protocol.txt. Pure; the body of a storage command is the session's matter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "queue_server/key.h"

namespace daemonz::queue_server {

inline constexpr std::size_t line_size_max = 2'048;          ///< memcached's
inline constexpr std::size_t get_line_size_max = 64 * 1024;  ///< a multi-key get has many keys

enum class Verb : std::uint8_t {
  fault,    ///< not a command, or a bad one: `fault` is the reply
  hang_up,  ///< not memcache at all (HTTP): close without a word
  get,
  gets,
  set,
  unsupported_store,
  remove,
  touch,
  stats,
  version,
  verbosity,
  quit,
  flush_all,
  flush,
  meta_noop,
};

struct Command {
  Verb verb = Verb::fault;
  std::string fault = "ERROR";
  bool is_silent = false;  ///< noreply
  std::vector<KeyToken> keys;
  std::uint32_t flags = 0;
  std::int64_t exptime = 0;                ///< as sent (set), or seconds (touch)
  std::optional<std::uint32_t> body_size;  ///< a body follows (it is eaten where there is a fault)
  std::vector<std::string_view> words;     ///< stats: what follows it
};

/// `line` without its line end; the command's views point into it.
[[nodiscard]] Command parse_command(std::string_view line);

}  // namespace daemonz::queue_server
