// The URL of a MySQL or MariaDB database, taken apart. Not a URL library: one scheme. Of this room
// only; others call db::connect.
//
//     mysql://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?KEY=VALUE&..]     %XX as in any URL
//     socket=PATH                           a unix socket in place of HOST and PORT
//     ssl-ca ssl-capath ssl-cert ssl-key ssl-cipher ssl-crl          TLS, and nothing without it
//     ssl=required                          TLS with what the machine trusts
//     ssl-verify=no                         TLS to a server of any name
//     connect-timeout=5s read-timeout=60s write-timeout=30s
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/units.h"

namespace daemonz::db {

struct MysqlUrl {
  std::string user, password;
  std::string host;        ///< "localhost" without a port: MySQL's own socket
  std::uint16_t port = 0;  ///< 0: not told
  std::string socket;
  std::string database;
  std::string ssl_ca, ssl_capath, ssl_cert, ssl_key, ssl_cipher, ssl_crl;
  bool is_ssl = false;  ///< any ssl key was given
  bool is_ssl_verified = true;
  Seconds connect_timeout{5};
  Seconds read_timeout{60};  ///< of one statement: longer ones are asked for in the URL
  Seconds write_timeout{30};

  [[nodiscard]] std::string shown() const;  ///< for messages: without the password
};

inline constexpr std::string_view mysql_scheme = "mysql://";
inline constexpr Seconds timeout_max{24 * 3600};

/// Throws Error that shows what is allowed, never the password.
[[nodiscard]] MysqlUrl parse_mysql_url(std::string_view url);

}  // namespace daemonz::db
