#include "broker/url.h"

#include <sys/un.h>

#include <filesystem>

#include "base/error.h"
#include "base/units.h"

namespace daemonz::broker {
namespace {

constexpr std::string_view tcp_scheme = "memcache://";
constexpr std::string_view unix_scheme = "memcache+unix://";
constexpr std::string_view allowed =
    "Write memcache://HOST:PORT, memcache://USER:PASSWORD@HOST:PORT or memcache+unix://PATH";

[[noreturn]] void bad(std::string_view url, std::string what) {
  throw Error(ErrorText{.what = std::move(what),
                        .where = "broker \"" + without_password(url) + "\"",
                        .hint = std::string(allowed)});
}

Address unix_address(std::string_view url, std::string_view path) {
  if (path.empty()) bad(url, "no path of a socket");
  const auto absolute = std::filesystem::absolute(path).lexically_normal().string();
  if (absolute.size() >= sizeof(sockaddr_un::sun_path))
    bad(url, "the socket's path has " + std::to_string(absolute.size()) +
                 " bytes, unix(7) allows " + std::to_string(sizeof(sockaddr_un::sun_path) - 1));
  return {.socket_path = absolute};
}

std::uint16_t parse_port(std::string_view url, std::string_view text) {
  const auto port = parse_number(text);
  if (!port || *port < 1 || *port > 65535)
    bad(url, "\"" + std::string(text) + "\" is not a port (1..65535)");
  return static_cast<std::uint16_t>(*port);
}

/// Takes USER:PASSWORD@ off.
std::string take_login(std::string_view url, std::string_view& rest) {
  const auto at = rest.rfind('@');
  if (at == std::string_view::npos) return {};
  const auto login = rest.substr(0, at);
  const auto colon = login.find(':');
  rest.remove_prefix(at + 1);
  if (colon == std::string_view::npos || colon == 0 || login.find(' ') < colon)
    bad(url, "no USER:PASSWORD in front of the \"@\"");
  return std::string(login.substr(0, colon)) + ' ' + std::string(login.substr(colon + 1));
}

Address tcp_address(std::string_view url, std::string_view rest) {
  if (rest.ends_with('/')) rest.remove_suffix(1);
  auto login = take_login(url, rest);
  std::string_view host = rest;
  std::string_view port;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) bad(url, "a \"[\" without its \"]\"");
    host = rest.substr(1, end - 1);
    port = rest.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) bad(url, "no \":\" between host and port");
  } else if (const auto colon = rest.rfind(':'); colon != std::string_view::npos) {
    host = rest.substr(0, colon);
    port = rest.substr(colon);
  }
  if (host.empty() || host.find_first_of("/@ ") != std::string_view::npos)
    bad(url, "\"" + std::string(host) + "\" is not a host");
  return {.host = std::string(host),
          .port = port.empty() ? port_default : parse_port(url, port.substr(1)),
          .login = std::move(login)};
}

}  // namespace

Address parse_url(std::string_view url) {
  if (url.starts_with(tcp_scheme)) return tcp_address(url, url.substr(tcp_scheme.size()));
  if (url.starts_with(unix_scheme)) return unix_address(url, url.substr(unix_scheme.size()));
  if (url.starts_with("amqp://") || url.starts_with("amqps://"))
    bad(url, "the RabbitMQ engine is not built yet; daemonz-queue serves one machine");
  bad(url, "not a broker that daemonz knows");
}

std::string without_password(std::string_view url) {
  const auto at = url.rfind('@');
  const auto user = url.find("://");
  if (at == std::string_view::npos || user == std::string_view::npos) return std::string(url);
  const auto colon = url.find(':', user + 3);
  if (colon >= at) return std::string(url);
  return std::string(url.substr(0, colon + 1)) + "***" + std::string(url.substr(at));
}

}  // namespace daemonz::broker
