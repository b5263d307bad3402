// The broker's URL, taken apart. Follows cli.md, `--broker`. Not a URL library: two spellings.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace daemonz::broker {

/// Either host and port, or the path of a unix socket.
struct Address {
  std::string host;  ///< without the brackets of an IPv6 address
  std::uint16_t port = 0;
  std::string socket_path;  ///< absolute; empty: host and port hold
  std::string login;        ///< "USER PASSWORD", as the server wants it; empty: it asks for none
  [[nodiscard]] bool is_unix() const { return !socket_path.empty(); }
};

inline constexpr std::uint16_t port_default = 22122;  ///< Starling's

/// memcache://[USER:PASSWORD@]HOST[:PORT], memcache://[::1]:22122, memcache+unix://PATH. Throws
/// Error that shows what is allowed.
[[nodiscard]] Address parse_url(std::string_view url);

/// For messages: USER:***@HOST.
[[nodiscard]] std::string without_password(std::string_view url);

}  // namespace daemonz::broker
