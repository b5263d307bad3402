#include "offline_tasks/connect.h"

#include <array>

namespace daemonz::offline_tasks {

const char* to_string(Strategy strategy) {
  switch (strategy) {
    case Strategy::queue: return "queue";
    case Strategy::http: return "http";
    case Strategy::async: return "async";
    case Strategy::in_call: return "inline";
    case Strategy::fake: break;
  }
  return "fake";
}

std::optional<Strategy> parse_strategy(std::string_view text) {
  using enum Strategy;
  for (const auto strategy : std::array{queue, http, async, in_call, fake})
    if (text == to_string(strategy)) return strategy;
  return {};
}

const char* to_string(Fallback fallback) {
  switch (fallback) {
    case Fallback::queue: return "queue";
    case Fallback::spool: return "spool";
    case Fallback::in_call: return "inline";
    case Fallback::discard: break;
  }
  return "discard";
}

}  // namespace daemonz::offline_tasks
