// The process's one connection to the background, behind the free functions of push.h and status.h:
// options, the ways that a job may take, the database for status. Private to this room.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "db/pool.h"
#include "offline_tasks/circuit.h"
#include "offline_tasks/fake.h"
#include "offline_tasks/performer.h"
#include "offline_tasks/push.h"
#include "offline_tasks/spool.h"
#include "offline_tasks/status.h"
#include "offline_tasks/way.h"

namespace daemonz::offline_tasks {

/// Threads: any.
class Front {
 public:
  explicit Front(ConnectOptions options);

  PushAnswer push(const Envelope& job);
  void push_many(const std::vector<Envelope>& jobs);
  [[nodiscard]] JobStatus status(const JobId& id);
  Replayed replay(std::optional<SteadyTime> until);
  [[nodiscard]] const ConnectOptions& options() const { return options_; }
  /// The time that jobs are made at: the fake's, where there is one.
  [[nodiscard]] WallTime now() const;
  [[nodiscard]] Fake& fake();
  /// What is left to do before a job may travel: middleware, signature.
  void finish(Envelope& job, WallTime now) const;

 private:
  struct Taken {
    broker::PushState state = broker::PushState::unreachable;
    std::string_view by;
  };
  [[nodiscard]] Taken hand_over(const std::vector<Envelope>& jobs, const std::string& who);
  [[nodiscard]] broker::PushResult take(Way& way, const Parcel& parcel);
  void add_way(Fallback fallback);
  [[nodiscard]] db::Pool::Taken database();
  void record_pushed(const Envelope& job);
  void forget_pushed(const Envelope& job);

  const ConnectOptions options_;
  std::optional<db::Pool> database_;
  std::once_flag is_migrated_;
  MovableClock fake_clock_;
  Performer performer_;
  Fake* fake_ = nullptr;                    // one of ways_
  Circuit circuit_;                         // of the one remote way
  std::vector<std::unique_ptr<Way>> ways_;  // the chain; their threads end before the rest
};

/// The one that connect() made. Throws Error when there is none. Shared, since a push may be under
/// way in one thread while another calls connect() again.
[[nodiscard]] std::shared_ptr<Front> front();
/// nullptr instead.
[[nodiscard]] std::shared_ptr<Front> front_if_any() noexcept;

}  // namespace daemonz::offline_tasks
