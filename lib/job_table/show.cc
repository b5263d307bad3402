#include "job_table/show.h"

#include <array>

#include "base/units.h"

namespace daemonz::job_table {
namespace {

constexpr std::size_t name_columns = 14;     ///< in `show`
constexpr std::size_t error_width_max = 60;  ///< in the table; `show` has it whole

/// Characters, where each takes one column.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string attempts_text(const Job& job) {
  auto text = std::to_string(job.attempts);
  if (job.max_attempts > 0) text += "/" + std::to_string(job.max_attempts);
  return text;
}

json::value as_json(const std::string& text) {
  if (text.empty()) return nullptr;
  if (auto parsed = json::try_parse(text)) return *parsed;
  return json::value(text);
}

json::value as_json(const std::optional<WallTime>& time) {
  if (!time) return nullptr;
  return json::value(to_iso8601(*time));
}

/// Each line of it by itself, so that hostile text stays off the terminal.
std::string indented(std::string_view text, std::size_t columns) {
  std::string lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines += std::string(columns, ' ') + one_line(text.substr(0, end), error_size_max) + "\n";
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::string_view behind_first_line(std::string_view text) {
  const auto end = text.find('\n');
  return end == std::string_view::npos ? "" : text.substr(end + 1);
}

/// An entry of `errors`: when, and below that its words and where they came from.
std::string attempt_text(const json::value& entry) {
  const auto* fields = entry.if_object();
  const auto why = fields ? json::string_of(*fields, "why") : std::nullopt;
  if (!why) return json::serialize(entry) + "\n";
  return "attempt " + std::to_string(json::integer_of(*fields, "attempt").value_or(0)) + ", " +
         one_line(json::string_of(*fields, "at").value_or(""), 64) + "\n" +
         indented(*why, name_columns + 2);
}

}  // namespace

std::string one_line(std::string_view text, std::size_t width) {
  std::string line;
  for (const char c : text.substr(0, text.find('\n')))
    line += static_cast<unsigned char>(c) < 32 || c == 127 ? '?' : c;
  if (line.size() <= width) return line;
  auto end = width - 3;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) --end;
  return line.substr(0, end) + "...";
}

json::object to_json(const Job& job) {
  return {{"id", job.id},
          {"state", to_string(job.state)},
          {"task", job.task},
          {"queue", job.queue},
          {"batch", job.batch},
          {"priority", job.priority},
          {"attempts", job.attempts},
          {"max_attempts", job.max_attempts},
          {"handler", as_json(job.handler)},
          {"last_error", job.last_error},
          {"errors", as_json(job.errors)},
          {"progress", as_json(job.progress)},
          {"result", as_json(job.result)},
          {"locked_by", job.locked_by},
          {"run_at", as_json(job.run_at)},
          {"locked_at", as_json(job.locked_at)},
          {"failed_at", as_json(job.failed_at)},
          {"created_at", to_iso8601(job.created_at)},
          {"updated_at", to_iso8601(job.updated_at)}};
}

std::string table_text(const std::vector<Job>& jobs, WallTime now) {
  using Line = std::array<std::string, 7>;
  std::vector<Line> lines{{"ID", "STATE", "TASK", "QUEUE", "ATTEMPTS", "CHANGED", "LAST ERROR"}};
  for (const auto& job : jobs) {
    const auto age = std::chrono::floor<Seconds>(now - job.updated_at);
    lines.push_back({one_line(job.id, 64), to_string(job.state), one_line(job.task, 40),
                     one_line(job.queue, 40), attempts_text(job), daemonz::to_string(age),
                     one_line(job.last_error, error_width_max)});
  }
  std::array<std::size_t, 7> widths{};
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], width_of(line[i]));
  std::string text;
  for (const auto& line : lines) {
    std::string padded;
    for (std::size_t i = 0; i < line.size(); ++i)
      padded += line[i] + std::string(widths[i] + 2 - width_of(line[i]), ' ');
    padded.erase(padded.find_last_not_of(' ') + 1);
    text += padded + "\n";
  }
  return text;
}

std::string details_text(const Job& job) {
  std::string text;
  for (const auto& [name, value] : to_json(job)) {
    if (value.is_null() || (value.is_string() && value.get_string().empty())) continue;
    std::string key(name);
    key.resize(std::max(key.size() + 1, name_columns), ' ');
    if (const auto* list = value.if_array()) {
      for (const auto& entry : *list)
        text += key + (name == "errors" ? attempt_text(entry) : json::serialize(entry) + "\n");
      continue;
    }
    text += key + (value.is_string() ? one_line(std::string(value.get_string()), error_size_max)
                                     : json::serialize(value));
    text += "\n";
    if (name == "last_error" && job.errors.empty())  // else its attempt has it whole
      text += indented(behind_first_line(job.last_error), name_columns + 2);
  }
  return text;
}

}  // namespace daemonz::job_table
