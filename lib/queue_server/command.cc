#include "queue_server/command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace daemonz::queue_server {
namespace {

constexpr std::string_view bad_line = "CLIENT_ERROR bad command line format";
constexpr std::uint64_t body_size_limit = std::numeric_limits<std::int32_t>::max();
/// Words of a storage line: one more than any command has, so that too many are seen.
using Words = std::vector<std::string_view>;

Words split(std::string_view line) {
  Words words;
  for (std::size_t at = 0; at < line.size();) {
    const auto start = line.find_first_not_of(' ', at);
    if (start == std::string_view::npos) break;
    at = std::min(line.find(' ', start), line.size());
    words.push_back(line.substr(start, at - start));
  }
  return words;
}

/// Takes a trailing "noreply" off.
bool take_noreply(Words& words) {
  if (words.back() != "noreply") return false;
  words.pop_back();
  return true;
}

Command faulty(std::string_view reply, bool is_silent = false) {
  return {.verb = Verb::fault, .fault = std::string(reply), .is_silent = is_silent};
}

std::optional<std::int64_t> parse_signed(std::string_view text) {
  std::int64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, code] = std::from_chars(text.data(), end, number);
  if (code != std::errc() || stopped != end) return std::nullopt;
  return number;
}

/// The reply to the first bad key, or nothing.
void adopt_fault_of_keys(Command& command) {
  for (auto& key : command.keys) {
    if (key.fault.empty()) continue;
    command.verb = Verb::fault;
    command.fault = std::move(key.fault);
    return;
  }
}

// --- commands; words[0] is the command itself

Command parse_get(const Words& words) {
  if (words.size() < 2) return faulty("ERROR");
  Command command{.verb = words[0] == "gets" ? Verb::gets : Verb::get};
  constexpr auto takes_one = [](const KeyToken& key) {
    return key.has(Option::timeout) || key.has(Option::open) || key.has(Option::lease) ||
           key.has(Option::close) || key.has(Option::abort) || key.has(Option::ack) ||
           key.has(Option::list);
  };
  for (std::size_t i = 1; i < words.size(); ++i)
    command.keys.push_back(parse_key(words[i], KeyUse::get));
  adopt_fault_of_keys(command);
  if (command.verb != Verb::fault && command.keys.size() > 1 &&
      std::ranges::any_of(command.keys, takes_one))
    return faulty("CLIENT_ERROR contradictory options");
  return command;
}

/// set add replace append prepend KEY FLAGS EXPTIME BYTES [noreply]; cas has one number more.
/// Another word in noreply's place means nothing.
Command parse_store(const Words& words, Verb verb) {
  const std::size_t size = words[0] == "cas" ? 6 : 5;
  if (words.size() != size && words.size() != size + 1) return faulty("ERROR");
  const bool is_silent = words.size() > size && words.back() == "noreply";
  Command command{.verb = verb, .is_silent = is_silent};
  const auto bytes = parse_number(words[4]);
  if (!bytes || *bytes > body_size_limit) return faulty(bad_line, is_silent);
  command.body_size = static_cast<std::uint32_t>(*bytes);
  if (verb == Verb::unsupported_store) return command;
  const auto flags = parse_number(words[2]);
  const auto exptime = parse_signed(words[3]);
  if (!flags || *flags > UINT32_MAX || !exptime) {
    command.verb = Verb::fault;
    command.fault = bad_line;
    return command;
  }
  command.flags = static_cast<std::uint32_t>(*flags);
  command.exptime = *exptime;
  command.keys.push_back(parse_key(words[1], KeyUse::set));
  adopt_fault_of_keys(command);
  return command;
}

Command parse_delete(Words words) {
  if (words.size() < 2 || words.size() > 4) return faulty("ERROR");
  const bool is_silent = words.size() > 2 && take_noreply(words);
  const bool has_old_zero = words.size() == 3 && words[2] == "0";  // memcached 1.4 still takes it
  if (words.size() != 2 && !has_old_zero) return faulty(bad_line, is_silent);
  Command command{.verb = Verb::remove, .is_silent = is_silent};
  command.keys.push_back(parse_key(words[1], KeyUse::remove));
  adopt_fault_of_keys(command);
  return command;
}

Command parse_touch(Words words) {
  const bool is_silent = words.size() > 3 && take_noreply(words);
  if (words.size() != 3) return faulty("ERROR");
  Command command{.verb = Verb::touch, .is_silent = is_silent};
  command.keys.push_back(parse_key(words[1], KeyUse::touch));
  const auto seconds = parse_signed(words[2]);
  if (!seconds) return faulty("CLIENT_ERROR invalid exptime argument", is_silent);
  command.exptime = *seconds;
  adopt_fault_of_keys(command);
  return command;
}

Command parse_flush(Words words) {
  const bool is_silent = words.size() > 2 && take_noreply(words);
  if (words.size() != 2) return faulty("ERROR", is_silent);
  Command command{.verb = Verb::flush, .is_silent = is_silent};
  command.keys.push_back(parse_key(words[1], KeyUse::plain));
  adopt_fault_of_keys(command);
  return command;
}

Command parse_flush_all(Words words) {
  const bool is_silent = words.size() > 1 && take_noreply(words);
  if (words.size() > 2) return faulty("ERROR", is_silent);
  if (words.size() == 2 && !parse_signed(words[1]))
    return faulty("CLIENT_ERROR invalid exptime argument", is_silent);
  Command command{.verb = Verb::flush_all, .is_silent = is_silent};
  if (words.size() == 2) command.exptime = *parse_signed(words[1]);
  return command;
}

Command parse_verbosity(Words words) {
  const bool is_silent = words.size() > 1 && take_noreply(words);
  if (words.size() != 2) return faulty("ERROR", is_silent);
  return {.verb = Verb::verbosity, .is_silent = is_silent};
}

bool is_http(std::string_view line) { return line.find(" HTTP/") != std::string_view::npos; }

}  // namespace

Command parse_command(std::string_view line) {
  auto words = split(line);
  if (words.empty()) return faulty("ERROR");
  const auto name = words[0];
  constexpr std::array unsupported = {std::string_view("add"), std::string_view("replace"),
                                      std::string_view("append"), std::string_view("prepend"),
                                      std::string_view("cas")};
  if (name == "get" || name == "gets") return parse_get(words);
  if (name == "set") return parse_store(words, Verb::set);
  if (name == "delete") return parse_delete(std::move(words));
  if (name == "touch") return parse_touch(std::move(words));
  if (std::ranges::find(unsupported, name) != unsupported.end())
    return parse_store(words, Verb::unsupported_store);
  if (name == "stats") return {.verb = Verb::stats, .words = {words.begin() + 1, words.end()}};
  if (name == "version") return {.verb = Verb::version};  // memcached ignores what follows
  if (name == "quit") return words.size() == 1 ? Command{.verb = Verb::quit} : faulty("ERROR");
  if (name == "mn") return {.verb = Verb::meta_noop};
  if (name == "verbosity") return parse_verbosity(std::move(words));
  if (name == "flush_all") return parse_flush_all(std::move(words));
  if (name == "flush") return parse_flush(std::move(words));
  if (is_http(line)) return {.verb = Verb::hang_up};
  if (name == "incr" || name == "decr") return faulty("ERROR", take_noreply(words));
  return faulty("ERROR");
}

}  // namespace daemonz::queue_server
