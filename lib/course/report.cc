#include "course/report.h"

#include <algorithm>
#include <ostream>

namespace daemonz::course {
namespace {

constexpr std::size_t printed_note_max = 60;  // of the first line; --json has all of it

using Cells = std::vector<std::string>;

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

std::string shown_cpu(const judge::Judgement& judgement) {
  return judgement.cases.empty() ? "" : std::to_string(slowest_case(judgement).count()) + " ms";
}

std::string shown_memory(const judge::Judgement& judgement) {
  return judgement.cases.empty() ? "" : to_string(Bytes(largest_case(judgement) << 10));
}

std::string shown_note(const judge::Judgement& judgement) {
  return judge::printable(judgement.note.substr(0, judgement.note.find('\n')), printed_note_max);
}

std::string shown_count(const judge::Judgement& judgement) {
  return judgement.cases.empty() ? "" : std::to_string(judgement.cases.size());
}

Cells cells_of(const ResultRow& row) {
  const auto ok = is_as_labelled(row);
  const auto& submission = row.submission;
  if (!row.judgement) return {submission.name, shown_label(submission.expected), "-", "-"};
  const auto& judgement = *row.judgement;
  return {submission.name,
          shown_label(submission.expected),
          judge::to_string(judgement.verdict),
          ok ? (*ok ? "yes" : "NO") : "-",
          shown_cpu(judgement),
          shown_memory(judgement),
          shown_count(judgement),
          shown_note(judgement)};
}

const Cells titles{"submission", "expected", "verdict", "ok", "cpu", "memory", "cases", "note"};

bool is_changed(const ResultRow& row) {
  return is_judged(row) && row.before && row.before != row.judgement->verdict;
}

/// Aligned columns, two blanks apart; the first line is the titles.
void print_aligned(std::ostream& out, const std::vector<Cells>& lines) {
  std::vector<std::size_t> widths(lines.at(0).size());
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], width_of(line[i]));
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += line[i];
      if (i + 1 < widths.size()) text += std::string(widths[i] - width_of(line[i]) + 2, ' ');
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << '\n';
  }
}

}  // namespace

std::optional<bool> is_as_labelled(const ResultRow& row) {
  if (!row.judgement || !row.submission.expected ||
      row.judgement->verdict == judge::Verdict::skipped)
    return std::nullopt;
  return std::ranges::all_of(row.judgement->cases, &judge::CaseResult::is_as_labelled) &&
         std::ranges::find(*row.submission.expected, row.judgement->verdict) !=
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
  object["compiler"] = row.judgement ? row.judgement->compiler : "";
  object["round"] = row.round;
  object["before"] = row.before ? json::value(judge::to_string(*row.before)) : json::value(nullptr);
  return object;
}

void print_table(std::ostream& out, const std::vector<ResultRow>& rows) {
  std::vector<Cells> lines{titles};
  for (const auto& row : rows) lines.push_back(cells_of(row));
  print_aligned(out, lines);
}

void print_results(std::ostream& out, const std::vector<ResultRow>& rows) {
  std::vector<Cells> lines{titles};
  lines[0].insert(lines[0].begin(), "id");
  for (const auto& row : rows) {
    lines.push_back(cells_of(row));
    lines.back().insert(lines.back().begin(), std::to_string(row.submission.id));
  }
  print_aligned(out, lines);
}

void print_rejudge(std::ostream& out, const std::vector<ResultRow>& rows) {
  std::vector<Cells> lines{
      {"id", "submission", "before", "after", "changed", "cpu", "memory", "note"}};
  for (const auto& row : rows) {
    const auto judgement = row.judgement.value_or(judge::Judgement{});
    lines.push_back({std::to_string(row.submission.id), row.submission.name,
                     row.before ? judge::to_string(*row.before) : "-",
                     is_judged(row) ? judge::to_string(judgement.verdict) : "-",
                     is_changed(row) ? "CHANGED" : "", shown_cpu(judgement),
                     shown_memory(judgement), shown_note(judgement)});
  }
  print_aligned(out, lines);
}

void print_whole(std::ostream& out, const ResultRow& row) {
  out << "submission  " << row.submission.id << ": " << row.submission.name << "\nproblem     "
      << row.problem << "\nfiles       " << row.submission.path << "\nexpected    "
      << shown_label(row.submission.expected) << '\n';
  if (!row.judgement) {
    out << "verdict     not judged yet\n";
    return;
  }
  const auto& judgement = *row.judgement;
  out << "verdict     " << judge::to_string(judgement.verdict);
  if (row.before) out << " (before the rejudge: " << judge::to_string(*row.before) << ")";
  out << "\njudged      " << to_iso8601(judgement.ended) << " in slot " << judgement.slot << '\n';
  if (!judgement.note.empty()) out << "\n" << judgement.note << '\n';
  if (!judgement.compiler.empty())
    out << "\nThe compiler said:\n"
        << judgement.compiler << (judgement.compiler.ends_with('\n') ? "" : "\n");
  if (judgement.cases.empty()) return;
  std::vector<Cells> lines{{"case", "verdict", "cpu", "wall", "memory"}};
  for (const auto& result : judgement.cases)
    lines.push_back(
        {result.name, judge::to_string(result.verdict), std::to_string(result.cpu.count()) + " ms",
         std::to_string(result.wall.count()) + " ms", to_string(Bytes(result.peak_kib << 10))});
  out << '\n';
  print_aligned(out, lines);
}

std::string summary(const std::vector<ResultRow>& rows) {
  std::size_t right = 0, wrong = 0;
  for (const auto& row : rows)
    if (const auto ok = is_as_labelled(row)) ++(*ok ? right : wrong);
  return std::to_string(rows.size()) + " submissions: " + std::to_string(right) + " as labelled, " +
         std::to_string(wrong) + " not, " + std::to_string(rows.size() - right - wrong) +
         " unlabelled or skipped";
}

std::string rejudge_summary(const std::vector<ResultRow>& rows) {
  const auto judged = std::ranges::count_if(rows, is_judged);
  const auto lost = static_cast<std::ptrdiff_t>(rows.size()) - judged;
  return std::to_string(judged) +
         " judged again: " + std::to_string(std::ranges::count_if(rows, is_changed)) + " changed" +
         (lost > 0 ? ", " + std::to_string(lost) + " could not be judged" : "");
}

}  // namespace daemonz::course
