#include "config/fault_log.h"

#include <algorithm>
#include <cstdio>
#include <tuple>

namespace daemonz::config {
namespace {

std::string joined(const std::vector<Fault>& faults) {
  std::string text;
  for (const auto& fault : faults) {
    if (!text.empty()) text += '\n';
    text += fault.sentence;
  }
  return text;
}

}  // namespace

Faults::Faults(std::vector<Fault> faults) : Error(joined(faults)), faults_(std::move(faults)) {}

int FaultLog::add_file(std::string name) {
  files_.push_back(std::move(name));
  return static_cast<int>(files_.size()) - 1;
}

std::string FaultLog::where(Place place) const {
  auto text = file(place.file);
  if (place.line > 0) text += ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
  return text;
}

void FaultLog::add(Place place, std::string_view key, std::string_view text) {
  auto sentence = where(place) + ": ";
  if (!key.empty()) sentence.append(key).append(": ");
  entries_.push_back({place, sentence.append(text)});
}

void FaultLog::throw_if_any() const {
  if (entries_.empty()) return;
  auto sorted = entries_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.place.file, a.place.line, a.place.column) <
           std::tie(b.place.file, b.place.line, b.place.column);
  });
  std::vector<Fault> faults;
  for (const auto& entry : sorted) {
    if (faults.size() == faults_told_max) {
      const auto untold = std::to_string(sorted.size() - faults.size());
      faults.push_back({"", 0, 0, "and " + untold + " further faults"});
      break;
    }
    faults.push_back({file(entry.place.file), entry.place.line, entry.place.column, entry.text});
  }
  throw Faults(std::move(faults));
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t shown_max = 60;
  std::string out = "\"";
  for (const char c : text.substr(0, shown_max)) {
    const auto byte = static_cast<unsigned char>(c);
    char escape[8];
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (byte < 32 || byte == 127) {
      std::snprintf(escape, sizeof escape, "\\x%02x", byte);
      out += escape;
    } else
      out += c;
  }
  // A cut in the middle of a UTF-8 sequence would leave half a character: drop it.
  if (text.size() > shown_max) {
    while ((static_cast<unsigned char>(out.back()) & 0xC0) == 0x80) out.pop_back();
    if (static_cast<unsigned char>(out.back()) >= 0xC0) out.pop_back();
    out += "...";
  }
  return out += '"';
}

}  // namespace daemonz::config
