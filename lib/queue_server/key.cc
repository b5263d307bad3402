#include "queue_server/key.h"

#include <algorithm>
#include <array>
#include <bit>

namespace daemonz::queue_server {
namespace {

constexpr std::string_view bad_line = "CLIENT_ERROR bad command line format";
constexpr std::string_view bad_name = "CLIENT_ERROR bad queue name";
constexpr std::string_view contradictory = "CLIENT_ERROR contradictory options";
constexpr std::uint64_t milliseconds_max =
    100ull * 365 * 24 * 3600 * 1000;  // 100 years: no overflow
constexpr std::size_t hex_size = 32;

enum Uses : unsigned { in_set = 1, in_get = 2, in_delete = 4, in_touch = 8 };

constexpr std::uint32_t bit(Option option) { return 1u << static_cast<unsigned>(option); }

unsigned uses_of(KeyUse use) {
  switch (use) {
    case KeyUse::set: return in_set;
    case KeyUse::get: return in_get;
    case KeyUse::remove: return in_delete;
    case KeyUse::touch: return in_touch;
    case KeyUse::plain: return 0;
  }
  return 0;
}

/// The number of an option's value: `min`..`max`, digits only.
bool read_number(std::string_view value, std::uint64_t min, std::uint64_t max, std::uint64_t& to) {
  const auto number = parse_number(value);
  if (!number || *number < min || *number > max) return false;
  to = *number;
  return true;
}

template <class Number>
bool read_small(std::string_view value, std::uint64_t min, std::uint64_t max, Number& to) {
  std::uint64_t number = 0;
  if (!read_number(value, min, max, number)) return false;
  to = static_cast<Number>(number);
  return true;
}

bool read_milliseconds(std::string_view value, std::uint64_t min, std::uint64_t max,
                       Milliseconds& to) {
  std::uint64_t number = 0;
  if (!read_number(value, min, max, number)) return false;
  to = Milliseconds(number);
  return true;
}

bool read_priority(std::string_view value, Priority& to) {
  return read_small(value, 0, priority_count - 1, to.level);
}

bool read_delivery(std::string_view value, KeyToken& key) {
  return read_number(value, 1, UINT64_MAX, key.delivery);
}

bool read_delivery_and_queue(std::string_view value, KeyToken& key) {
  const auto colon = value.find(':');
  if (colon == std::string_view::npos || !read_delivery(value.substr(0, colon), key)) return false;
  key.delivery_queue = QueueName::parse(value.substr(colon + 1));
  return key.delivery_queue.has_value();
}

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

using Text = std::string_view;
struct OptionRule {
  Text name;
  unsigned uses;
  Option option;
  bool has_value;
  bool (*read)(Text value, KeyToken& key);  ///< false: a bad value
};

bool read_nothing(Text, KeyToken&) { return true; }
bool read_optional_lease(Text value, KeyToken& key) {
  Milliseconds lease{0};
  if (!read_milliseconds(value, 1, milliseconds_max, lease)) return false;
  key.lease = lease;
  return true;
}

// One row per option and command that knows it. "lease" may stand without a value in a get.
constexpr std::array rules = {
    OptionRule{"p", in_set, Option::priority, true,
               [](Text v, KeyToken& k) { return read_priority(v, k.priority); }},
    OptionRule{
        "d", in_set | in_delete, Option::delay, true,
        [](Text v, KeyToken& k) { return read_milliseconds(v, 0, milliseconds_max, k.delay); }},
    OptionRule{"ttl", in_set, Option::ttl, true,
               [](Text v, KeyToken& k) {
                 return read_milliseconds(v, 1, milliseconds_max, k.ttl.emplace());
               }},
    OptionRule{"r", in_set, Option::deliveries, true,
               [](Text v, KeyToken& k) { return read_small(v, 1, UINT32_MAX, k.deliveries); }},
    OptionRule{"sync", in_set, Option::sync, false, read_nothing},
    OptionRule{"id", in_set | in_delete, Option::id, true,
               [](Text v, KeyToken& k) {
                 k.id = v;
                 return !v.empty() && v.size() <= token_size_max;
               }},
    OptionRule{"u", in_set | in_delete, Option::unique, true,
               [](Text v, KeyToken& k) {
                 k.unique = v;
                 return v.size() == hex_size && is_hex(v);
               }},
    OptionRule{"many", in_set, Option::many, true,
               [](Text v, KeyToken& k) { return read_number(v, 1, many_count_max, k.many); }},
    OptionRule{"ack", in_set | in_get, Option::ack, true, read_delivery_and_queue},
    OptionRule{"ack", in_delete, Option::ack, true, read_delivery},
    OptionRule{"t", in_get, Option::timeout, true,
               [](Text v, KeyToken& k) {
                 return read_milliseconds(v, 0, static_cast<std::uint64_t>(wait_max.count()),
                                          k.timeout);
               }},
    OptionRule{"open", in_get, Option::open, false, read_nothing},
    OptionRule{"close", in_get, Option::close, false, read_nothing},
    OptionRule{"abort", in_get, Option::abort, false, read_nothing},
    OptionRule{"peek", in_get, Option::peek, false, read_nothing},
    OptionRule{"lease", in_get, Option::lease, true, read_optional_lease},
    OptionRule{"lease", in_touch, Option::lease, true, read_delivery},
    OptionRule{"n", in_get, Option::count, true,
               [](Text v, KeyToken& k) { return read_number(v, 1, batch_max, k.count); }},
    OptionRule{"min", in_get, Option::min, true,
               [](Text v, KeyToken& k) { return read_priority(v, k.priority_min); }},
    OptionRule{"max", in_get, Option::max, true,
               [](Text v, KeyToken& k) { return read_priority(v, k.priority_max); }},
    OptionRule{"k", in_get, Option::echo, false, read_nothing},
    OptionRule{"list", in_get, Option::list, true,
               [](Text v, KeyToken& k) { return read_number(v, 1, batch_max, k.list); }},
    OptionRule{"after", in_get, Option::after, true,
               [](Text v, KeyToken& k) { return read_number(v, 0, UINT64_MAX, k.after); }},
    OptionRule{"reason", in_get, Option::reason, false, read_nothing},
    OptionRule{"nack", in_delete, Option::nack, true, read_delivery},
    OptionRule{"undo", in_delete, Option::undo, false, read_nothing},
    OptionRule{"bury", in_delete, Option::bury, true, read_delivery},
    OptionRule{"dead", in_delete, Option::dead, true, read_delivery},
    OptionRule{"seq", in_delete, Option::sequence, true,
               [](Text v, KeyToken& k) { return read_number(v, 1, UINT64_MAX, k.sequence); }},
    OptionRule{"pause", in_delete, Option::pause, false, read_nothing},
    OptionRule{"resume", in_delete, Option::resume, false, read_nothing},
    OptionRule{"kick", in_delete, Option::kick, true,
               [](Text v, KeyToken& k) { return read_number(v, 1, UINT64_MAX, k.kick); }},
    OptionRule{"flush", in_delete, Option::flush, false, read_nothing},
};

void read_option(std::string_view text, unsigned use, KeyToken& key) {
  const auto equals = text.find('=');
  const auto name = text.substr(0, equals);
  const auto rule = std::ranges::find_if(
      rules, [&](const OptionRule& each) { return each.name == name && (each.uses & use) != 0; });
  if (rule == rules.end()) {
    key.fault = "CLIENT_ERROR unknown option " + std::string(name);
    return;
  }
  if (key.has(rule->option)) {
    key.fault = contradictory;
    return;
  }
  key.options |= bit(rule->option);
  const bool is_given = equals != std::string_view::npos;
  const bool may_be_bare = !rule->has_value || (rule->option == Option::lease && use == in_get);
  const bool may_be_given = rule->has_value;
  const bool is_good =
      is_given ? may_be_given && rule->read(text.substr(equals + 1), key) : may_be_bare;
  if (!is_good) key.fault = "CLIENT_ERROR bad option " + std::string(name);
}

bool contradicts_in_set(const KeyToken& key) {
  return key.has(Option::many) && (key.has(Option::ack) || key.has(Option::unique));
}

bool contradicts_in_get(const KeyToken& key) {
  const auto any = [&](std::uint32_t options) { return (key.options & options) != 0; };
  constexpr auto leaving = bit(Option::close) | bit(Option::abort);
  constexpr auto taking = bit(Option::open) | bit(Option::lease);
  constexpr auto looking = bit(Option::after) | bit(Option::reason);
  if (key.has(Option::list))
    return key.queues.size() > 1 || (key.options & ~(looking | bit(Option::list))) != 0;
  if (any(looking)) return true;
  if (any(leaving) && (key.queues.size() > 1 || any(bit(Option::ack)))) return true;
  if (key.has(Option::close) && key.has(Option::abort)) return true;
  if (key.has(Option::peek) && any(leaving | taking | bit(Option::ack) | bit(Option::count)))
    return true;
  if (key.has(Option::abort) && any(taking | bit(Option::timeout) | bit(Option::count)))
    return true;
  if (key.count > 1 && !key.has(Option::lease)) return true;
  return key.priority_min > key.priority_max;
}

bool contradicts_in_delete(const KeyToken& key) {
  constexpr auto modifiers = bit(Option::delay) | bit(Option::undo);
  const auto actions = key.options & ~modifiers;
  if (std::popcount(actions) > 1) return true;
  if ((key.options & modifiers) != 0 && !key.has(Option::nack)) return true;
  return (key.options & modifiers) == modifiers;
}

bool contradicts(const KeyToken& key, KeyUse use) {
  switch (use) {
    case KeyUse::set: return contradicts_in_set(key);
    case KeyUse::get: return contradicts_in_get(key);
    case KeyUse::remove: return contradicts_in_delete(key);
    case KeyUse::touch:
    case KeyUse::plain: return false;
  }
  return false;
}

void read_names(std::string_view names, KeyUse use, KeyToken& key) {
  for (;;) {
    const auto comma = names.find(',');
    auto name = QueueName::parse(names.substr(0, comma));
    const bool may_be_several = use == KeyUse::get;
    if (!name || (comma != std::string_view::npos && !may_be_several)) {
      key.fault = bad_name;
      return;
    }
    key.queues.push_back(*std::move(name));
    if (comma == std::string_view::npos) return;
    names.remove_prefix(comma + 1);
  }
}

}  // namespace

KeyToken parse_key(std::string_view text, KeyUse use) {
  KeyToken key{.text = text};
  if (text.size() > key_size_max) {
    key.fault = bad_line;
    return key;
  }
  auto slash = text.find('/');
  read_names(text.substr(0, slash), use, key);
  while (slash != std::string_view::npos && key.fault.empty()) {
    const auto start = slash + 1;
    slash = text.find('/', start);
    read_option(text.substr(start, slash == std::string_view::npos ? slash : slash - start),
                uses_of(use), key);
  }
  if (key.fault.empty() && contradicts(key, use)) key.fault = contradictory;
  return key;
}

}  // namespace daemonz::queue_server
