#include "journal/recovery.h"

#include <algorithm>
#include <charconv>
#include <future>
#include <map>
#include <optional>

#include "base/error.h"
#include "journal/record_reader.h"

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

/// nullopt: its header is not whole, or not of this number.
std::optional<SegmentId> read_id(const DiskFile& file, std::uint32_t number) {
  std::array<char, segment_header_size> header{};
  const auto got = file.read_at(0, header.data(), header.size());
  const auto first = decode_segment_header({header.data(), got}, number);
  return first ? std::optional(SegmentId{number, *first}) : std::nullopt;
}

void load(const DiskFile& file, std::uint64_t from, std::string& bytes) {
  const auto size = file.size();
  bytes.resize(size > from ? size - from : 0);
  bytes.resize(file.read_at(from, bytes.data(), bytes.size()));
}

std::size_t used_bytes(std::string_view bytes) {  // without the zeros at the end
  constexpr std::string_view zeros("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
  while (bytes.ends_with(zeros)) bytes.remove_suffix(zeros.size());
  const auto last = bytes.find_last_not_of('\0');
  return last == std::string_view::npos ? 0 : last + 1;
}

[[noreturn]] void throw_damaged(const std::string& path, const std::string& what) {
  throw Error({.what = what,
               .where = path,
               .hint = "Nothing was changed. Restore the data folder from a backup; or move it "
                       "away and start with an empty one"});
}

/// Whether a record in `bytes`, which begin at `offset` of the segment, says that `missing` had
/// been durable when it was written.
bool proves_durable(std::string_view bytes, std::uint64_t offset, SegmentId in, Sequence missing) {
  const auto used = used_bytes(bytes);  // a body may end in zeros: bytes itself stays whole
  for (std::size_t at = 0; at < used && at + record_header_size <= bytes.size();
       at += record_alignment) {
    // Cheap tests first: the checksum of every 8th byte would take long.
    const auto claimed = peek_header(bytes.substr(at), in);
    if (claimed.durable < missing || claimed.sequence - in.first > (offset + at) / record_size(0))
      continue;
    if (decode_record(bytes.substr(at), in)) return true;
  }
  return false;
}

/// By segment number: the offset of the first damaged record, or none.
using Verified = std::map<std::uint32_t, std::optional<std::uint64_t>>;

/// Reads the newest sealed segments whole, up to `size_max`. The rest of a large store is left to
/// the journal, which goes on while it serves.
Verified verify_newest(Disk& disk, const std::string& folder,
                       const std::vector<std::uint32_t>& numbers, std::uint64_t size_max) {
  Verified verified;
  std::uint64_t size = 0;
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    const auto file = disk.open(segment_path(folder, *number), Disk::Open::existing);
    const auto id = read_id(*file, *number);
    const auto sealed = id ? read_index(*file, *id) : std::nullopt;
    if (!sealed) continue;  // the scan reads its records
    size += sealed->used;
    if (size > size_max) break;
    verified.emplace(*number, find_damage(*file, *id, sealed->used));
  }
  return verified;
}

class Scanner {
 public:
  Scanner(Disk& disk, std::string folder, const Journal::Replay& replay)
      : disk_(disk), folder_(std::move(folder)), replay_(replay) {}

  Scan run(std::uint64_t verified_max, Background background) {
    const auto numbers = segment_numbers(disk_, folder_);
    if (!numbers.empty()) result_.highest = numbers.back();
    auto verified =
        std::async(background == Background::threads ? std::launch::async : std::launch::deferred,
                   [&] { return verify_newest(disk_, folder_, numbers, verified_max); });
    std::size_t good = 0;
    while (good < numbers.size() && walk(numbers[good])) ++good;
    // Nothing good in the next one where the log should go on: the end is in the one before.
    if (!numbers.empty())
      end_of_log({numbers.begin() + static_cast<std::ptrdiff_t>(good), numbers.end()});
    look_at(verified.get());
    return std::move(result_);
  }

 private:
  /// Replays what continues the log. False: this segment does not.
  bool walk(std::uint32_t number) {
    const auto file = open(number);
    const auto id = read_id(*file, number);
    if (!id || (!result_.kept.empty() && id->first != result_.last + 1)) return false;
    result_.last = id->first - 1;
    ScannedSegment segment{.id = *id, .size = file->size()};
    if (const auto sealed = read_index(*file, segment.id))
      replay_index(*sealed, segment);
    else
      replay_records(*file, segment);
    result_.records += segment.count;
    result_.kept.push_back(std::move(segment));
    return true;
  }

  void replay_index(const SealedSegment& sealed, ScannedSegment& segment) {
    IndexReader reader(sealed.index);
    segment.used = segment_header_size;
    for (; segment.count < sealed.count; ++segment.count) {
      const auto entry = reader.next();
      if (!entry) break;
      replay(segment, entry->type, entry->fields, entry->body_size);
    }
    if (segment.count != sealed.count || segment.used != sealed.used)
      throw_damaged(
          segment_path(folder_, segment.id.number),
          "the index at offset " + std::to_string(sealed.used) + " is not of this version");
    segment.is_sealed = true;
  }

  void replay_records(const DiskFile& file, ScannedSegment& segment) {
    RecordReader reader(file, segment.id);
    segment.used = segment_header_size;
    segment.index = std::make_unique<IndexBuilder>();
    segment.is_verified = true;
    while (const auto record = reader.next()) {
      segment.is_sealed = record->header.type == index_type;
      if (segment.is_sealed) return;  // only the file's end was lost
      segment.index->add({record->header.type, record->fields, record->header.body_size});
      replay(segment, record->header.type, record->fields, record->header.body_size);
      ++segment.count;
    }
  }

  void replay(ScannedSegment& segment, RecordType type, std::string_view fields,
              std::uint32_t body_size) {
    const Locator at{segment.id.number,
                     static_cast<std::uint32_t>(segment.used / record_alignment)};
    replay_({type, ++result_.last, at, fields, body_size});
    segment.used += record_size(fields.size() + body_size);
  }

  /// The log ends behind the last kept segment's good records: throws if more had been durable.
  void end_of_log(const std::vector<std::uint32_t>& behind) {
    if (!result_.kept.empty()) {
      auto& last = result_.kept.back();
      last.used = std::min(last.used, last.size);  // a cut file may lack the padding
      if (!last.is_sealed) inspect(last.id.number, last.used, last.id);
    }
    for (const auto number : behind) {
      inspect(number, 0, std::nullopt);
      result_.dropped.push_back(number);
    }
  }

  void inspect(std::uint32_t number, std::uint64_t from, std::optional<SegmentId> id) {
    const auto missing = result_.last + 1;
    load(*open(number), from / record_alignment * record_alignment, bytes_);
    result_.cut_bytes += used_bytes(bytes_);
    // Where its header is damaged it is taken for the segment that was to follow.
    if (!id) id = {number, decode_segment_header(bytes_, number).value_or(missing)};
    if (!proves_durable(bytes_, from, *id, missing)) return;
    const bool has_kept = !result_.kept.empty();
    throw_damaged(segment_path(folder_, has_kept ? result_.kept.back().id.number : number),
                  damage_text(has_kept ? result_.kept.back().used : 0));
  }

  void look_at(const Verified& verified) {
    for (auto& segment : result_.kept) {
      const auto found = verified.find(segment.id.number);
      if (found == verified.end()) continue;
      if (found->second)
        throw_damaged(segment_path(folder_, found->first), damage_text(*found->second));
      segment.is_verified = true;
    }
  }

  [[nodiscard]] std::unique_ptr<DiskFile> open(std::uint32_t number) {
    return disk_.open(segment_path(folder_, number), Disk::Open::existing);
  }

  Disk& disk_;
  std::string folder_;
  const Journal::Replay& replay_;
  Scan result_;
  std::string bytes_;
};

}  // namespace

std::string damage_text(std::uint64_t offset) {
  return "the log is damaged at offset " + std::to_string(offset) +
         " (a record which was stored is missing or altered)";
}

std::string segment_path(const std::string& folder, std::uint32_t number) {
  auto name = std::to_string(number);
  name.insert(0, digits - std::min(digits, name.size()), '0');
  return folder + "/" + name + std::string(suffix);
}

Scan scan(Disk& disk, const std::string& folder, Bytes verified_max, Background background,
          const Journal::Replay& replay) {
  return Scanner(disk, folder, replay).run(verified_max.count, background);
}

}  // namespace daemonz::journal
