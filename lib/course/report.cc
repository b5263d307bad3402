#include "course/report.h"

#include <algorithm>
#include <array>
#include <ostream>

namespace daemonz::course {
namespace {

constexpr std::size_t printed_note_max = 60;  // of the first line; --json has all of it

using Cells = std::array<std::string, 8>;

/// Characters, not bytes: continuation bytes of UTF-8 take no column.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }));
}

Milliseconds slowest_case(const judge::Judgement& judgement) {
  Milliseconds slowest{0};
  for (const auto& result : judgement.cases) slowest = std::max(slowest, result.cpu);
  return slowest;
}

std::uint64_t largest_case(const judge::Judgement& judgement) {
  std::uint64_t largest = 0;
  for (const auto& result : judgement.cases) largest = std::max(largest, result.peak_kib);
  return largest;
}

/// The label as its first verdict; "rejected" is anything but accepted.
std::string shown_label(const std::optional<std::vector<judge::Verdict>>& expected) {
  if (!expected || expected->empty()) return "-";
  if (expected == judge::verdicts_of_folder("rejected")) return "rejected";
  std::string text;
  const auto crashes = judge::verdicts_of_label("run_error");
  for (const auto verdict : *expected) {
    const bool is_implied =
        verdict != judge::Verdict::run_time_error &&
        std::ranges::find(*crashes, verdict) != crashes->end() &&
        std::ranges::find(*expected, judge::Verdict::run_time_error) != expected->end();
    if (!is_implied) text += (text.empty() ? "" : ",") + std::string(judge::to_string(verdict));
  }
  return text;
}

Cells cells_of(const ResultRow& row) {
  const auto ok = is_as_labelled(row);
  Cells cells{row.submission.name, shown_label(row.submission.expected), "-",
              ok ? (*ok ? "yes" : "NO") : "-"};
  if (!row.judgement) return cells;
  const auto& judgement = *row.judgement;
  cells[2] = judge::to_string(judgement.verdict);
  if (!judgement.cases.empty()) {
    cells[4] = std::to_string(slowest_case(judgement).count()) + " ms";
    cells[5] = to_string(Bytes(largest_case(judgement) << 10));
    cells[6] = std::to_string(judgement.cases.size());
  }
  const auto note = judgement.note.substr(0, judgement.note.find('\n'));
  cells[7] = judge::printable(note, printed_note_max);
  return cells;
}

}  // namespace

std::optional<bool> is_as_labelled(const ResultRow& row) {
  if (!row.judgement || !row.submission.expected ||
      row.judgement->verdict == judge::Verdict::skipped)
    return std::nullopt;
  return std::ranges::find(*row.submission.expected, row.judgement->verdict) !=
         row.submission.expected->end();
}

json::object to_json(const ResultRow& row) {
  const auto text = [](const std::string& raw) { return judge::printable(raw, raw.size()); };
  json::object object;
  object["submission"] = text(row.submission.name);
  json::array expected;
  if (row.submission.expected)
    for (const auto verdict : *row.submission.expected)
      expected.emplace_back(judge::to_string(verdict));
  object["expected"] = std::move(expected);
  const auto judgement = row.judgement.value_or(judge::Judgement{});
  object["verdict"] =
      row.judgement ? json::value(judge::to_string(judgement.verdict)) : json::value(nullptr);
  const auto ok = is_as_labelled(row);
  object["ok"] = ok ? json::value(*ok) : json::value(nullptr);
  json::array cases;
  for (const auto& result : judgement.cases)
    cases.push_back(json::object{{"name", text(result.name)},
                                 {"verdict", judge::to_string(result.verdict)},
                                 {"cpu_ms", result.cpu.count()},
                                 {"wall_ms", result.wall.count()},
                                 {"peak_kib", result.peak_kib}});
  object["cases"] = std::move(cases);
  object["slot"] = judgement.slot;
  object["started"] =
      row.judgement ? json::value(to_iso8601(judgement.started)) : json::value(nullptr);
  object["ended"] = row.judgement ? json::value(to_iso8601(judgement.ended)) : json::value(nullptr);
  object["note"] = text(judgement.note);
  return object;
}

json::object to_full_json(const ResultRow& row) {
  json::object object{
      {"problem", row.problem}, {"id", row.submission.id}, {"attempts", row.attempts}};
  for (auto& field : to_json(row)) object.insert(field);
  return object;
}

void print_table(std::ostream& out, const std::vector<ResultRow>& rows) {
  std::vector<Cells> lines{
      {"submission", "expected", "verdict", "ok", "cpu", "memory", "cases", "note"}};
  for (const auto& row : rows) lines.push_back(cells_of(row));
  Cells::size_type last = lines[0].size() - 1;
  std::array<std::size_t, 8> widths{};
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], width_of(line[i]));
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += line[i];
      if (i != last) text += std::string(widths[i] - width_of(line[i]) + 2, ' ');
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << '\n';
  }
}

std::string summary(const std::vector<ResultRow>& rows) {
  std::size_t right = 0, wrong = 0;
  for (const auto& row : rows)
    if (const auto ok = is_as_labelled(row)) ++(*ok ? right : wrong);
  return std::to_string(rows.size()) + " submissions: " + std::to_string(right) + " as labelled, " +
         std::to_string(wrong) + " not, " + std::to_string(rows.size() - right - wrong) +
         " unlabelled or skipped";
}

}  // namespace daemonz::course
