// Reads the segments of a folder in order and finds where the log ends. Changes nothing on the
// disk: cutting is the journal's. Follows FORMAT.md, "Recovery".
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "journal/disk.h"
#include "journal/journal.h"
#include "journal/record.h"

namespace daemonz::journal {

[[nodiscard]] std::string segment_path(const std::string& folder, std::uint32_t number);

struct ScannedSegment {
  SegmentId id;
  std::uint64_t used = 0;  ///< bytes up to the end of its last good record; below the header's
                           ///< size: not even the header is good
  std::uint64_t size = 0;  ///< of the file
};

struct Scan {
  std::vector<ScannedSegment> kept;    ///< in order; only the last one may need cutting to `used`
  std::vector<std::uint32_t> dropped;  ///< behind the end of the log: to be removed
  std::uint32_t highest = 0;           ///< largest segment number seen
  Sequence last = 0;                   ///< of the newest good record
  std::uint64_t records = 0;
  std::uint64_t cut_bytes = 0;  ///< behind the end of the log, not zero
};

/// Calls `replay` for each record. Throws Error (segment, offset, what to do) when a record that
/// had been durable is damaged or missing: a later record proves that it was.
[[nodiscard]] Scan scan(Disk& disk, const std::string& folder, const Journal::Replay& replay);

}  // namespace daemonz::journal
