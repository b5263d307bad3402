#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/held_log.h"

namespace daemonz::log {
namespace {

// Never destroyed: a thread that still logs while the process leaves must find it.
struct Sink {
  std::mutex guard;
  std::shared_ptr<spdlog::logger> logger;          // spdlog's own interface wants shared sinks
  std::function<void(std::string_view)> function;  // instead of the logger
  std::atomic<Level> level{Level::info};
};

std::shared_ptr<spdlog::logger> logger_over(spdlog::sink_ptr sink) {
  auto logger = std::make_shared<spdlog::logger>("daemonz", std::move(sink));
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  return logger;
}

Sink& sink() {
  static auto* const the_sink = [] {
    auto* made = new Sink;
    made->logger = logger_over(std::make_shared<spdlog::sinks::stderr_sink_mt>());
    return made;
  }();
  return *the_sink;
}

const char* name_of(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
    case Level::off: break;
  }
  return "off";
}

void append_value(std::string& out, const std::string& value) {
  const bool is_plain =
      !value.empty() && value.find_first_of(" \"\\=\n\r\t") == std::string::npos &&
      std::all_of(value.begin(), value.end(), [](unsigned char c) { return c >= 32 && c != 127; });
  if (is_plain) {
    out += value;
    return;
  }
  out += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else if (static_cast<unsigned char>(c) < 32 || c == 127)
      out += '?';
    else
      out += c;
  }
  out += '"';
}

struct Waiting {
  int holders = 0;
  std::vector<std::pair<WallTime, std::string>> lines;
};

Waiting& waiting() {
  static thread_local Waiting the_waiting;
  return the_waiting;
}

void put(WallTime time, std::string_view line) {
  auto& target = sink();
  const auto text = to_iso8601(time).append(" ").append(line);
  const std::scoped_lock lock(target.guard);
  if (target.function) return target.function(text + "\n");
  target.logger->log(spdlog::level::info, spdlog::string_view_t(text.data(), text.size()));
}

void write(Level level, std::string_view room, std::string_view phrase, Fields fields) {
  if (level < sink().level.load(std::memory_order_relaxed)) return;
  const auto time = real_clock().wall();
  auto text = line(level, room, phrase, fields);
  if (waiting().holders > 0)
    waiting().lines.emplace_back(time, std::move(text));
  else
    put(time, text);
}

}  // namespace

Held::Held() noexcept { ++waiting().holders; }

Held::~Held() {
  if (--waiting().holders > 0) return;
  try {
    for (const auto& [time, text] : std::exchange(waiting().lines, {})) put(time, text);
  } catch (const std::exception&) {  // a log that cannot be written must not end the process
  }
}

std::string line(Level level, std::string_view room, std::string_view phrase, Fields fields) {
  std::string text = name_of(level);
  text.append(" ").append(room).append(": ").append(phrase);
  for (const auto& field : fields) {
    text.append(" ").append(field.key).append("=");
    append_value(text, field.value);
  }
  return text;
}

void set_level(Level level) { sink().level = level; }
Level level() { return sink().level; }

std::optional<Level> parse_level(std::string_view text) {
  for (const auto level : {Level::debug, Level::info, Level::warn, Level::error, Level::off})
    if (text == name_of(level)) return level;
  return {};
}

void to_file(const std::string& path) {
  try {
    auto logger = logger_over(std::make_shared<spdlog::sinks::basic_file_sink_mt>(path));
    const std::scoped_lock lock(sink().guard);
    sink().logger = std::move(logger);
    sink().function = nullptr;
  } catch (const spdlog::spdlog_ex& problem) {
    throw Error(ErrorText{.what = std::string("cannot open the log: ") + problem.what(),
                          .where = path,
                          .hint = "Is the folder there, and may this user write to it?"});
  }
}

void to_function(std::function<void(std::string_view)> write) {
  const std::scoped_lock lock(sink().guard);
  sink().function = std::move(write);
}

void debug(std::string_view r, std::string_view p, Fields f) { write(Level::debug, r, p, f); }
void info(std::string_view r, std::string_view p, Fields f) { write(Level::info, r, p, f); }
void warn(std::string_view r, std::string_view p, Fields f) { write(Level::warn, r, p, f); }
void error(std::string_view r, std::string_view p, Fields f) { write(Level::error, r, p, f); }

}  // namespace daemonz::log
