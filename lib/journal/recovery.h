// Reads the segments of a folder in order and finds where the log ends. Changes nothing on the
// disk: cutting is the journal's. Follows FORMAT.md, "Recovery".
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/units.h"
#include "journal/background.h"
#include "journal/disk.h"
#include "journal/index.h"
#include "journal/journal.h"
#include "journal/record.h"

namespace daemonz::journal {

[[nodiscard]] std::string segment_path(const std::string& folder, std::uint32_t number);

struct ScannedSegment {
  SegmentId id;
  std::uint64_t used = 0;   ///< bytes up to the end of its last good record; below the header's
                            ///< size: not even the header is good
  std::uint64_t size = 0;   ///< of the file
  std::uint32_t count = 0;  ///< of its records
  bool is_sealed = false;   ///< it has its index: all its records were durable
  std::unique_ptr<IndexBuilder> index;  ///< made while its records were read: it may be sealed
  bool is_verified = false;             ///< every record's checksum was looked at
};

struct Scan {
  std::vector<ScannedSegment> kept;    ///< in order; only the last one may need cutting to `used`
  std::vector<std::uint32_t> dropped;  ///< behind the end of the log: to be removed
  std::uint32_t highest = 0;           ///< largest segment number seen
  Sequence last = 0;                   ///< of the newest good record
  std::uint64_t records = 0;
  std::uint64_t cut_bytes = 0;  ///< behind the end of the log, not zero
};

/// Calls `replay` for each record: of sealed segments as their index tells it, of others as they
/// are read. The newest sealed segments are verified, up to `verified_max`, by a thread beside that
/// (`by_hand`: after it). Throws Error (segment, offset, what to do) when a record that had been
/// durable is damaged or missing: a later record or an index proves that it was.
[[nodiscard]] Scan scan(Disk& disk, const std::string& folder, Bytes verified_max,
                        Background background, const Journal::Replay& replay);
/// What that Error says, for a record found damaged at `offset` later on.
[[nodiscard]] std::string damage_text(std::uint64_t offset);

}  // namespace daemonz::journal
