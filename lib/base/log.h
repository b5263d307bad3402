// One event, one line: UTC time, level, room, a fixed lower-case phrase, then key=value.
//     2026-11-21T13:20:01.123Z info supervisor: instance started name=processor:2 pid=4121
// error = a person should look; warn = handled but unusual; info = life events; debug = per item.
// Never payloads or passwords. Not a data channel: programs print data on stdout themselves.
#pragma once

#include <concepts>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace daemonz::log {

enum class Level { debug, info, warn, error, off };

/// key=value; the value is quoted and escaped where it holds blanks, quotes or control characters.
struct Field {
  std::string_view key;
  std::string value;
  Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <class Number>
  requires(std::integral<Number> || std::floating_point<Number>) Field(std::string_view k, Number v)
      : key(k), value(std::to_string(v)) {}
};

using Fields = std::initializer_list<Field>;

/// Lines go to stderr until `to_file` is called. Threads: any.
void set_level(Level level);
[[nodiscard]] Level level();
[[nodiscard]] std::optional<Level> parse_level(std::string_view text);  ///< "debug" .. "off"
/// Appends to `path` (created with mode 0640). Throws Error when it cannot be opened.
void to_file(const std::string& path);
/// Each line, with its end, goes to `write`, which is called by one thread at a time and may not
/// log. An empty function ends that.
void to_function(std::function<void(std::string_view line)> write);

void debug(std::string_view room, std::string_view phrase, Fields fields = {});
void info(std::string_view room, std::string_view phrase, Fields fields = {});
void warn(std::string_view room, std::string_view phrase, Fields fields = {});
void error(std::string_view room, std::string_view phrase, Fields fields = {});

/// The line without its time: what the functions above write, for tests and other sinks.
[[nodiscard]] std::string line(Level level, std::string_view room, std::string_view phrase,
                               Fields fields);

}  // namespace daemonz::log
