// Performed in the push itself (strategy and fallback `inline`), and dropped on purpose (fallback
// `discard`). Private to this room.
#pragma once

#include "offline_tasks/performer.h"
#include "offline_tasks/way.h"

namespace daemonz::offline_tasks {

/// Threads: any.
class InlineWay final : public Way {
 public:
  explicit InlineWay(Performer& performer) : performer_(performer) {}
  [[nodiscard]] std::string_view name() const override { return "inline"; }
  /// Throws what a handler throws, and Error for an outcome other than Done.
  broker::PushResult take(const Parcel& parcel, Milliseconds patience) override;

 private:
  Performer& performer_;
};

/// Threads: any.
class DiscardWay final : public Way {
 public:
  [[nodiscard]] std::string_view name() const override { return "discard"; }
  broker::PushResult take(const Parcel& parcel, Milliseconds patience) override;
};

}  // namespace daemonz::offline_tasks
