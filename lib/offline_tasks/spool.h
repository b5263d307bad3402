// Jobs that the queue could not take, as files on this machine until it can: the fallback `spool`.
// Not a queue: nothing is performed from here. Follows jobs.md ("Strategies") and delivery.md,
// point 17; seed rows A20 and A21.
//
// One file per push, FOLDER/ULID.job, in order of the pushes:
//
//   daemonz-spool 1 SIZE MAC\n       bytes behind this line, and 64 hex digits over them
//   {"v":1,"id":..}\n                one envelope a line; a batch has several
//
// Written as FOLDER/ULID.tmp, fsynced, renamed, and the folder fsynced before the push returns:
// what has its name is whole. A file that is not (a failed disk) is moved to FOLDER/torn/ and told.
// Ids stay, so the queue's dedupe window keeps a job single that was taken before, or is replayed
// twice after a crash; behind that window its fence does (delivery.md, 9).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "broker/broker.h"
#include "offline_tasks/way.h"

namespace daemonz::offline_tasks {

/// A .tmp older than this belongs to a push that never returned: it is moved aside and told.
inline constexpr Milliseconds spool_unfinished_age_max = std::chrono::hours(1);

/// What one replay did, in files. All zero: there was nothing.
struct Replayed {
  std::size_t pushed = 0;
  std::size_t duplicates = 0;  ///< a job with the same unique key was alive: dropped, logged
  std::size_t refused = 0;     ///< the queue did not want it now: stays
  std::size_t torn = 0;        ///< moved to torn/
  std::size_t left = 0;        ///< not tried: the queue went away, or the time was up
};

using PushParcel = std::function<broker::PushResult(const Parcel&)>;

/// Pushes what `folder` holds, oldest first, and removes what was taken. Stops when the queue does
/// not answer or at `until`. Nothing, when another process is at it or there is no such folder.
/// Throws Error when the folder cannot be read.
Replayed replay_spool(const std::string& folder, const PushParcel& push,
                      std::optional<SteadyTime> until = {});
/// Through a connection on loan, for the scheduler.
Replayed replay_spool(const std::string& folder, broker::Broker& broker);
/// The spool of connect()'s options through connect()'s strategy, for sites without a scheduler.
/// Throws Error when there is none.
Replayed replay_spool();

/// Threads: any; processes too.
class SpoolWay final : public Way {
 public:
  /// `folder`: absolute, or counted from the working folder of now. Made when first needed.
  explicit SpoolWay(const std::string& folder);
  [[nodiscard]] std::string_view name() const override { return "spool"; }
  [[nodiscard]] bool keeps_ids() const override { return true; }
  /// Confirmed: the jobs are on the disk. Refused: they are not (full, not writable), with the
  /// system's words; nothing is left behind then.
  broker::PushResult take(const Parcel& parcel, Milliseconds patience) override;

 private:
  std::string folder_;
};

}  // namespace daemonz::offline_tasks
