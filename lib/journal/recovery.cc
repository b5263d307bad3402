#include "journal/recovery.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"

namespace daemonz::journal {
namespace {

constexpr std::string_view suffix = ".segment";
constexpr std::size_t digits = 10;

std::optional<std::uint32_t> segment_number(std::string_view name) {
  if (name.size() != digits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  std::uint32_t number = 0;
  const auto* end = name.data() + digits;
  const auto [stopped, code] = std::from_chars(name.data(), end, number);
  if (code != std::errc() || stopped != end || number == 0) return std::nullopt;
  return number;
}

std::vector<std::uint32_t> segment_numbers(Disk& disk, const std::string& folder) {
  std::vector<std::uint32_t> numbers;
  for (const auto& name : disk.list(folder))
    if (const auto number = segment_number(name)) numbers.push_back(*number);
  std::ranges::sort(numbers);
  return numbers;
}

void load(Disk& disk, const std::string& path, std::string& bytes) {
  const auto file = disk.open(path, Disk::Open::existing);
  bytes.resize(file->size());
  bytes.resize(file->read_at(0, bytes.data(), bytes.size()));
}

std::uint64_t used_bytes(std::string_view bytes) {  // without the zeros at the end
  const auto last = bytes.find_last_not_of('\0');
  return last == std::string_view::npos ? 0 : last + 1;
}

/// Whether a record in bytes[from..] says that `missing` had been durable when it was written.
bool proves_durable(std::string_view bytes, std::size_t from, SegmentId in, Sequence missing) {
  const auto used = used_bytes(bytes);  // a payload may end in zeros: bytes itself stays whole
  for (auto at = from; at < used && at + record_header_size <= bytes.size();
       at += record_alignment) {
    // Cheap tests first: the checksum of every 8th byte would take long.
    const auto claimed = peek_header(bytes.substr(at), in);
    if (claimed.durable < missing || claimed.sequence - in.first > at / record_size(0)) continue;
    if (decode_record(bytes.substr(at), in)) return true;
  }
  return false;
}

class Scanner {
 public:
  Scanner(Disk& disk, std::string folder, const Journal::Replay& replay)
      : disk_(disk), folder_(std::move(folder)), replay_(replay) {}

  Scan run() {
    const auto numbers = segment_numbers(disk_, folder_);
    if (!numbers.empty()) result_.highest = numbers.back();
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (walk(numbers[i])) continue;
      // Nothing good in this one where the log should go on: the end is in the one before.
      end_of_log(numbers, i);
      return std::move(result_);
    }
    if (!numbers.empty()) end_of_log(numbers, numbers.size());
    return std::move(result_);
  }

 private:
  /// Replays what continues the log. False: this segment does not.
  bool walk(std::uint32_t number) {
    load(disk_, segment_path(folder_, number), bytes_);
    const auto first = decode_segment_header(bytes_, number);
    if (!first || (!result_.kept.empty() && *first != result_.last + 1)) return false;
    if (result_.kept.empty()) result_.last = *first - 1;
    const SegmentId segment{number, *first};
    std::size_t at = segment_header_size;
    while (const auto record = decode_record(std::string_view(bytes_).substr(at), segment)) {
      if (record->header.sequence != result_.last + 1) break;
      replay_({record->header.type, record->header.sequence,
               Locator{number, static_cast<std::uint32_t>(at / record_alignment)}, record->fields,
               record->header.body_size});
      ++result_.records;
      ++result_.last;
      at = std::min(at + record_size(record->header.payload_size()), bytes_.size());
    }
    result_.kept.push_back({segment, at, bytes_.size()});
    return true;
  }

  /// The log ends behind the last kept segment's good records: throws if more had been durable.
  void end_of_log(const std::vector<std::uint32_t>& numbers, std::size_t first_bad) {
    const auto missing = result_.last + 1;
    const bool has_kept = !result_.kept.empty();
    if (has_kept) inspect(result_.kept.back().id.number, result_.kept.back().used, missing);
    for (auto i = first_bad; i < numbers.size(); ++i) {
      inspect(numbers[i], 0, missing);
      result_.dropped.push_back(numbers[i]);
    }
  }

  void inspect(std::uint32_t number, std::uint64_t from, Sequence missing) {
    load(disk_, segment_path(folder_, number), bytes_);
    const auto used = used_bytes(bytes_);
    if (used > from) result_.cut_bytes += used - from;
    // Where its header is damaged it is taken for the segment that was to follow.
    const SegmentId segment{number, decode_segment_header(bytes_, number).value_or(missing)};
    if (!proves_durable(bytes_, from / record_alignment * record_alignment, segment, missing))
      return;
    const auto& end = result_.kept.empty() ? ScannedSegment{segment, 0, 0} : result_.kept.back();
    throw Error(
        {.what = "the log is damaged at offset " + std::to_string(end.used) + " (record " +
                 std::to_string(missing) + ", which was stored, is missing or altered)",
         .where = segment_path(folder_, end.id.number),
         .hint = "Nothing was changed. Restore the data folder from a backup; or move it away and "
                 "start with an empty one"});
  }

  Disk& disk_;
  std::string folder_;
  const Journal::Replay& replay_;
  Scan result_;
  std::string bytes_;
};

}  // namespace

std::string segment_path(const std::string& folder, std::uint32_t number) {
  auto name = std::to_string(number);
  name.insert(0, digits - std::min(digits, name.size()), '0');
  return folder + "/" + name + std::string(suffix);
}

Scan scan(Disk& disk, const std::string& folder, const Journal::Replay& replay) {
  return Scanner(disk, folder, replay).run();
}

}  // namespace daemonz::journal
