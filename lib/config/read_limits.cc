#include <sys/resource.h>

#include "config/read.h"

namespace daemonz::config {
namespace {

enum class Unit { number, size, seconds };

struct Resource {
  const char* key;
  __rlimit_resource_t number;
  Unit unit;
  const char* what;
  std::uint64_t least = 0;
};

constexpr const char* a_size = "a size (300, 64K, 32M, 1G)";

// setrlimit(2), but those without effect on Linux (rss, locks) and that of niceness, which has a
// key of its own. Three descriptors are stdin, stdout and stderr.
constexpr Resource resources[] = {
    {"as", RLIMIT_AS, Unit::size, a_size},
    {"core", RLIMIT_CORE, Unit::size, a_size},
    {"cpu", RLIMIT_CPU, Unit::seconds, "a time in whole seconds (10s, 5m)", 1},
    {"data", RLIMIT_DATA, Unit::size, a_size},
    {"fsize", RLIMIT_FSIZE, Unit::size, a_size},
    {"memlock", RLIMIT_MEMLOCK, Unit::size, a_size},
    {"msgqueue", RLIMIT_MSGQUEUE, Unit::size, a_size},
    {"nofile", RLIMIT_NOFILE, Unit::number, "a number of files (from 3)", 3},
    {"nproc", RLIMIT_NPROC, Unit::number, "a number of processes (from 1)", 1},
    {"rtprio", RLIMIT_RTPRIO, Unit::number, "a priority"},
    {"sigpending", RLIMIT_SIGPENDING, Unit::number, "a number of signals"},
    {"stack", RLIMIT_STACK, Unit::size, a_size},
};

std::optional<std::uint64_t> parse_amount(std::string_view text, Unit unit) {
  if (text == "unlimited") return RLIM_INFINITY;
  if (text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9') return {};  // octal?
  if (unit == Unit::number) return parse_number(text);
  if (unit == Unit::size) {
    const auto size = parse_bytes(text);
    return size ? std::optional(size->count) : std::nullopt;
  }
  const auto time = parse_duration(text);
  if (!time || time->count() % 1000 != 0) return {};
  return static_cast<std::uint64_t>(time->count() / 1000);
}

std::optional<rlimit> parse_limit(std::string_view text, const Resource& resource) {
  const auto colon = text.find(':');
  const auto soft = parse_amount(text.substr(0, colon), resource.unit);
  const auto hard =
      colon == std::string_view::npos ? soft : parse_amount(text.substr(colon + 1), resource.unit);
  if (!soft || !hard || *soft < resource.least || *soft > *hard) return {};
  return rlimit{.rlim_cur = *soft, .rlim_max = *hard};
}

}  // namespace

void read_limits(Section& daemon_section, ProcessLimits& limits) {
  Section from(daemon_section.reader(), daemon_section.find("limits"),
               daemon_section.path_of("limits"), Strings::of_daemon);
  for (const auto& resource : resources) {
    const auto text = from.text_of(resource.key);
    from.note(resource.key, text);
    if (!text) continue;
    if (const auto limit = parse_limit(*text, resource))
      limits.resources[resource.number] = *limit;
    else
      from.fault(resource.key, in_quotes(*text) + " is not " + resource.what +
                                   ", `unlimited`, or SOFT:HARD with SOFT not above HARD");
  }
  from.bytes("memory", limits.memory);
  from.whole("nice", limits.nice, -20, 19, "a niceness");
  from.whole("oom_score_adj", limits.oom_score_adj, -1000, 1000);
  from.done();
}

std::string resource_name(int number) {
  for (const auto& resource : resources)
    if (resource.number == number) return resource.key;
  return std::to_string(number);
}

}  // namespace daemonz::config
