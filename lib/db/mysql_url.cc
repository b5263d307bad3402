#include "db/mysql_url.h"

#include <charconv>

#include "base/error.h"

namespace daemonz::db {
namespace {

/// The URL for messages: what stands between the first ":" of the login and the last "@" is left
/// out, wherever a password with a bare "?" or "/" in it ends.
std::string without_password(std::string_view url) {
  const auto rest = url.substr(std::min(url.size(), mysql_scheme.size()));
  const auto at = rest.rfind('@');
  const auto colon = rest.find(':');
  if (at == std::string_view::npos || colon >= at) return std::string(url);
  return std::string(mysql_scheme) + std::string(rest.substr(0, colon)) + ":***" +
         std::string(rest.substr(at));
}

[[noreturn]] void bad(std::string_view url, std::string what) {
  throw Error(ErrorText{.what = std::move(what),
                        .where = "database \"" + without_password(url) + "\"",
                        .hint = "Write mysql://USER:PASSWORD@HOST:PORT/DATABASE (?socket=PATH, "
                                "?ssl-ca=FILE .. behind it)."});
}

std::string decoded(std::string_view url, std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    unsigned value = 0;
    const auto digits = text.substr(i + 1, 2);
    const char* const end = digits.data() + digits.size();
    if (digits.size() != 2 || std::from_chars(digits.data(), end, value, 16).ptr != end)
      bad(url, "a \"%\" without two hexadecimal digits");
    plain += static_cast<char>(value);
    i += 2;
  }
  return plain;
}

std::uint16_t parse_port(std::string_view url, std::string_view text) {
  const auto port = parse_number(text);
  if (!port || *port < 1 || *port > 65535)
    bad(url, "\"" + std::string(text) + "\" is not a port (1..65535)");
  return static_cast<std::uint16_t>(*port);
}

void take_host(std::string_view url, std::string_view text, MysqlUrl& to) {
  auto host = text;
  std::string_view port;
  if (text.starts_with('[')) {  // an IPv6 address
    const auto end = text.find(']');
    if (end == std::string_view::npos) bad(url, "a \"[\" without its \"]\"");
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) bad(url, "no \":\" between host and port");
  } else if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon);
  }
  to.host = decoded(url, host);
  if (!port.empty()) to.port = parse_port(url, port.substr(1));
}

Seconds parse_timeout(std::string_view url, std::string_view key, const std::string& value) {
  const auto duration = parse_duration(value);
  if (!duration || *duration < Seconds(1) || *duration > timeout_max)
    bad(url, std::string(key) + ": \"" + value + "\" is not a time from 1s to 1d");
  return std::chrono::ceil<Seconds>(*duration);
}

bool take_ssl(std::string_view url, std::string_view key, const std::string& value, MysqlUrl& to) {
  if (key == "ssl-verify" || key == "ssl") {
    const bool is_yes = value == (key == "ssl" ? "required" : "yes");
    if (!is_yes && (key == "ssl" || value != "no"))
      bad(url, std::string(key) + ": \"" + value + "\" is not " +
                   (key == "ssl" ? "`required`" : "`yes` or `no`"));
    if (key == "ssl-verify") to.is_ssl_verified = is_yes;
  } else if (key == "ssl-ca") {
    to.ssl_ca = value;
  } else if (key == "ssl-capath") {
    to.ssl_capath = value;
  } else if (key == "ssl-cert") {
    to.ssl_cert = value;
  } else if (key == "ssl-key") {
    to.ssl_key = value;
  } else if (key == "ssl-cipher") {
    to.ssl_cipher = value;
  } else if (key == "ssl-crl") {
    to.ssl_crl = value;
  } else {
    return false;
  }
  return to.is_ssl = true;
}

void take_option(std::string_view url, std::string_view option, MysqlUrl& to) {
  const auto equals = option.find('=');
  const auto key = option.substr(0, equals);
  if (equals == std::string_view::npos || equals + 1 == option.size())
    bad(url, "\"" + std::string(key) + "\" has no value");
  const auto value = decoded(url, option.substr(equals + 1));
  if (key == "socket")
    to.socket = value;
  else if (key == "connect-timeout")
    to.connect_timeout = parse_timeout(url, key, value);
  else if (key == "read-timeout")
    to.read_timeout = parse_timeout(url, key, value);
  else if (key == "write-timeout")
    to.write_timeout = parse_timeout(url, key, value);
  else if (!take_ssl(url, key, value, to))
    bad(url, "\"" + std::string(key) +
                 "\" is no option (socket, connect-timeout, read-timeout, write-timeout, ssl, "
                 "ssl-verify, ssl-ca, ssl-capath, ssl-cert, ssl-key, ssl-cipher, ssl-crl)");
}

}  // namespace

std::string MysqlUrl::shown() const {
  std::string text(mysql_scheme);
  text += user + "@" + host;
  if (port != 0) text += ":" + std::to_string(port);
  text += "/" + database;
  if (!socket.empty()) text += "?socket=" + socket;
  return text;
}

MysqlUrl parse_mysql_url(std::string_view url) {
  MysqlUrl parsed;
  auto rest = url.substr(mysql_scheme.size());
  const auto mark = std::min(rest.find('?'), rest.size());
  auto options = rest.substr(std::min(mark + 1, rest.size()));
  rest = rest.substr(0, mark);
  // The login first: no message shows what may be the end of a password.
  const auto at = rest.rfind('@');
  if (at == std::string_view::npos)
    bad(url, "no USER@ in front of the host (in a password \"?\" is %3F, \"%\" is %25)");
  const auto login = rest.substr(0, at);
  const auto colon = login.find(':');
  parsed.user = decoded(url, login.substr(0, colon));
  if (colon != std::string_view::npos) parsed.password = decoded(url, login.substr(colon + 1));
  if (parsed.user.empty()) bad(url, "no USER@ in front of the host");
  rest.remove_prefix(at + 1);
  while (!options.empty()) {
    const auto option = options.substr(0, options.find('&'));
    take_option(url, option, parsed);
    options.remove_prefix(std::min(options.size(), option.size() + 1));
  }
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos || slash + 1 == rest.size()) bad(url, "no /DATABASE");
  take_host(url, rest.substr(0, slash), parsed);
  parsed.database = decoded(url, rest.substr(slash + 1));
  if (parsed.host.empty() && parsed.socket.empty()) bad(url, "no host");
  return parsed;
}

}  // namespace daemonz::db
