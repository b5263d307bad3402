// When a daemon counts as ready, and by what it is seen to be in health: `ready:` and `health:`.
#include <regex.h>

#include "config/read.h"
#include "config/words.h"

namespace daemonz::config {
namespace {

void read_address(Section& from, std::string_view key, Ready& ready) {
  const auto text = from.text_of(key);
  from.note(key, text);
  if (!text) return;
  if (const auto address = parse_address(*text, ready.host)) {
    ready.host = address->host;
    ready.port_text = address->port;
    // ${port}: for_instance() fills it in
    ready.port = static_cast<int>(parse_number(address->port).value_or(0));
  } else {
    from.fault(key, in_quotes(*text) + " is not a port (1..65535), HOST:PORT or ${port}");
  }
}

// POSIX extended, not std::regex: that one recurses per character and a long line ends the process.
bool is_regular_expression(const std::string& text) {
  regex_t compiled;
  if (::regcomp(&compiled, text.c_str(), REG_EXTENDED | REG_NOSUB) != 0) return false;
  ::regfree(&compiled);
  return true;
}

void read_ready_value(Section& from, std::string_view key, Ready& ready) {
  switch (ready.kind) {
    case Ready::Kind::started: break;
    case Ready::Kind::notify: {
      bool is_notify = true;
      from.boolean(key, is_notify);
      if (!is_notify) ready.kind = Ready::Kind::started;
      break;
    }
    case Ready::Kind::tcp:
    case Ready::Kind::memcache: read_address(from, key, ready); break;
    case Ready::Kind::unix_socket:
      from.path(key, ready.target);
      check_socket_path(from, key, ready.target);
      break;
    case Ready::Kind::http:
      from.text(key, ready.target);
      if (!ready.target.empty() && !ready.target.starts_with("http://"))
        from.fault(key, in_quotes(ready.target) + " is not a URL (http://HOST:PORT/PATH)");
      break;
    case Ready::Kind::exec:
      from.words(key, ready.command);
      resolve_program(from.reader().config, ready.command);
      if (ready.command.empty()) from.fault(key, "the command is empty");
      break;
    case Ready::Kind::log:
      from.text(key, ready.target);
      if (!is_regular_expression(ready.target))
        from.fault(key, in_quotes(ready.target) + " is not a regular expression (regex(7))");
      break;
  }
}

constexpr std::pair<const char*, Ready::Kind> kinds[] = {
    {"notify", Ready::Kind::notify},    {"tcp", Ready::Kind::tcp},
    {"unix", Ready::Kind::unix_socket}, {"memcache", Ready::Kind::memcache},
    {"http", Ready::Kind::http},        {"exec", Ready::Kind::exec},
    {"log", Ready::Kind::log}};

// The one check that the section names.
void read_check(Section& from, Ready& check) {
  std::string_view chosen;
  for (const auto& [key, kind] : kinds) {
    if (!from.find(key)) continue;
    if (!chosen.empty()) {
      from.fault(key, "`" + std::string(chosen) + "` is asked for already: one check at a time");
      continue;
    }
    chosen = key;
    check.kind = kind;
    read_ready_value(from, key, check);
  }
}

}  // namespace

void resolve_program(const Config& config, std::vector<std::string>& command) {
  if (!command.empty() && command[0].find('/') != std::string::npos)
    command[0] = config.resolve(command[0]);
}

void read_ready(Section& daemon, Ready& ready) {
  const Node* const node = daemon.find("ready");
  if (node && node->kind == Node::Kind::scalar && node->text == "notify") {
    ready.kind = Ready::Kind::notify;
    daemon.note("ready", std::string("notify"));
    return daemon.note("ready.timeout", ready.timeout);
  }
  Section from(daemon.reader(), node, daemon.path_of("ready"), Strings::of_daemon);
  read_check(from, ready);
  if (ready.kind == Ready::Kind::started) daemon.note("ready", std::string("when started"));
  from.duration("timeout", ready.timeout);
  from.done();
}

void read_health(Section& daemon, Rare<Health>& health) {
  const Node* const node = daemon.find("health");
  if (!node) return daemon.note("health", std::string());
  Section from(daemon.reader(), node, daemon.path_of("health"), Strings::of_daemon);
  Health read;
  read.check.timeout = Milliseconds(5'000);
  read_check(from, read.check);
  using Kind = Ready::Kind;
  if (read.check.kind == Kind::started)
    daemon.fault("health", "names no check: tcp, unix, memcache, http or exec");
  if (read.check.kind == Kind::notify || read.check.kind == Kind::log)
    daemon.fault("health",
                 "can be asked by tcp, unix, memcache, http or exec; what a daemon says "
                 "by itself is `watchdog`");
  from.duration("timeout", read.check.timeout);
  from.duration("interval", read.interval);
  constexpr int failures_max = 1000;
  from.whole("failures", read.failures, 1, failures_max);
  from.choice<Health::Policy, Health::Policy>(
      "policy", read.policy,
      {{"restart", Health::Policy::restart}, {"keep", Health::Policy::keep}});
  if (read.interval.count() == 0) from.fault("interval", "0 would ask without a pause");
  if (read.check.timeout.count() == 0) from.fault("timeout", "0 leaves no time to answer");
  from.done();
  health.emplace() = std::move(read);
}

}  // namespace daemonz::config
