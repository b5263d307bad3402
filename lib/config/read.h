// Private to config: one reading function per section; load.cc calls them in order.
#pragma once

#include "config/section.h"

namespace daemonz::config {

/// One entry of `daemons:`, of either form (supervisor.md). `key` is its name.
[[nodiscard]] Daemon read_daemon(Reader& reader, const Node& key, const std::string& path,
                                 const Node& node);
/// What only all daemons together show: unknown names, cycles and wrong waves in depends_on.
void check_dependencies(Reader& reader, const Node& daemons);

void read_queue(Reader& reader, Section& top);
void read_tasks(Reader& reader, Section& top);
void read_hooks(Reader& reader, Section& top);
void read_push(Reader& reader, Section& top);
void read_sandbox(Reader& reader, Section& top);
void read_schedule(Reader& reader, Section& top);

/// `ready:` and `health:` of a daemon.
void read_ready(Section& daemon, Ready& ready);
void read_health(Section& daemon, Rare<Health>& health);
void read_limits(Section& daemon, ProcessLimits& limits);

/// A bare name stays for the supervisor to look up; what has a slash is a path.
void resolve_program(const Config& config, std::vector<std::string>& command);

/// "HOST:PORT", "[::1]:PORT" or, where `default_host` is not empty, "PORT". nullopt: neither.
struct Address {
  std::string host;
  std::string port;  ///< digits, 0..65535, or a text that holds ${port}
};
[[nodiscard]] std::optional<Address> parse_address(std::string_view text,
                                                   std::string_view default_host = {});

/// sun_path (unix(7)) holds 108 bytes with its closing zero: a longer path is a fault.
void check_socket_path(Section& section, std::string_view key, const std::string& path);

}  // namespace daemonz::config
