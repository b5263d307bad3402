// One way for a job to leave the front end: the queue, a POST, a file, this process. Front asks
// them in the order of its chain. Private to this room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "broker/broker.h"
#include "offline_tasks/envelope.h"

namespace daemonz::offline_tasks {

/// Jobs on their way together: one, or a batch that goes all or nothing. The bytes are the
/// envelopes' as they travel.
struct Parcel {
  const std::vector<Envelope>& jobs;       ///< at least one, of one queue
  const std::vector<std::string>& bodies;  ///< of the same size
};

/// Threads: any.
class Way {
 public:
  virtual ~Way() = default;
  /// Pushed::taken_by.
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// One try of at most `patience`. PushResult's states mean what they mean for a broker. What a
  /// handler throws that runs in here comes out.
  virtual broker::PushResult take(const Parcel& parcel, Milliseconds patience) = 0;
  /// True: a try that failed may do better in a moment, it is repeated until the deadline.
  [[nodiscard]] virtual bool is_remote() const { return false; }
  /// True: may also take what was perhaps taken before, since the id keeps it single.
  [[nodiscard]] virtual bool keeps_ids() const { return false; }
};

}  // namespace daemonz::offline_tasks
