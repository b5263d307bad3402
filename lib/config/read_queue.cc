#include <charconv>

#include "base/queue_name.h"
#include "config/read.h"

namespace daemonz::config {
namespace {

bool is_port(std::string_view text) {
  const auto number = parse_number(text);
  return number && *number <= 65535 && (text.size() == 1 || text.front() != '0');
}

void read_options(Section& from, QueueOptions& options) {
  constexpr std::int64_t count_max = 1'000'000'000'000;
  from.whole("max_items", options.max_items, 0, count_max);
  from.bytes("max_bytes", options.max_bytes);
  from.bytes("max_item_bytes", options.max_item_bytes);
  constexpr Bytes item_limit = mebibytes(64);  // queue-protocol.md, "Queue options"
  if (options.max_item_bytes > item_limit)
    from.fault("max_item_bytes", to_string(options.max_item_bytes) + " is more than 64M");
  from.duration("max_age", options.max_age);
  from.boolean("discard_oldest", options.discard_oldest);
  from.text("expire_to", options.expire_to);
  if (!options.expire_to.empty() && !QueueName::parse(options.expire_to))
    from.fault("expire_to", in_quotes(options.expire_to) + " is not a queue name");
  from.boolean("dead_letter", options.dead_letter);
  constexpr std::int64_t deliveries_max = 1'000'000;
  from.whole("max_deliveries", options.max_deliveries, 0, deliveries_max);
  from.duration("retry_delay", options.retry_delay);
  from.duration("lease_default", options.lease_default);
  from.duration("lease_max", options.lease_max);
  if (options.lease_default > options.lease_max)
    from.fault("lease_default", to_string(options.lease_default) + " is more than lease_max (" +
                                    to_string(options.lease_max) + ")");
  from.duration("dedupe_window", options.dedupe_window);
  using Durability = QueueOptions::Durability;
  from.choice<Durability, Durability>("durability", options.durability,
                                      {{"always", Durability::always},
                                       {"never", Durability::never},
                                       {"memory", Durability::memory}});
  from.done();
}

void read_listen(Section& from, std::vector<std::string>& listen) {
  from.list("listen", listen);
  from.note("listen", listen);
  for (const auto& address : listen)
    if (!parse_address(address))
      from.fault("listen", in_quotes(address) + " is not an address (HOST:PORT, PORT 0..65535)");
}

void read_unix(Section& from, std::string& path) {
  const Node* const node = from.find("unix");
  if (node && node->text == "none" && !node->is_quoted) {
    path.clear();
    return from.note("unix", path);
  }
  from.path("unix", path);
  check_socket_path(from, "unix", path);
}

}  // namespace

std::optional<Address> parse_address(std::string_view text, std::string_view default_host) {
  if (text == "${port}" || (is_port(text) && text != "0")) {
    if (default_host.empty()) return {};
    return Address{std::string(default_host), std::string(text)};
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  auto host = text.substr(0, colon);
  const auto port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return {};  // an IPv6 address without brackets
  if (host.empty() || host.find_first_of(" /\t") != std::string_view::npos) return {};
  const bool is_template = port == "${port}" && !default_host.empty();
  if (!is_template && !is_port(port)) return {};
  return Address{std::string(host), std::string(port)};
}

void check_socket_path(Section& section, std::string_view key, const std::string& path) {
  constexpr std::size_t socket_path_max = 107;
  if (path.size() > socket_path_max)
    section.fault(key, "the path of the socket has " + std::to_string(path.size()) +
                           " bytes, the kernel takes 107: " + path);
}

void read_queue(Reader& reader, Section& top) {
  auto& queue = reader.config.queue;
  Section from(reader, top.find("queue"), "queue");
  read_listen(from, queue.listen);
  read_unix(from, queue.unix_path);
  from.path("dir", queue.dir);
  from.bytes("max_memory", queue.max_memory);
  from.boolean("allow_flush_all", queue.allow_flush_all);
  from.path("users", queue.users_file);
  Section defaults(reader, from.find("defaults"), "queue.defaults");
  read_options(defaults, queue.defaults);
  from.each("queues", [&](const Node& name, const std::string& path, const Node& node) {
    if (!QueueName::parse(name.text))
      reader.fault(name, path,
                   in_quotes(name.text) +
                       " is not a queue name (1 to 195 of A-Z a-z 0-9 "
                       "_ . : - and no . or - in front)");
    auto& options = queue.queues[name.text] = queue.defaults;
    Section own(reader, &node, path);
    read_options(own, options);
  });
  if (queue.listen.empty() && queue.unix_path.empty())
    from.fault("listen", "neither `listen` nor `unix`: nobody could reach the server");
  from.done();
}

}  // namespace daemonz::config
