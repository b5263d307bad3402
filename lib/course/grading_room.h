// What the course's handlers borrow from their processor: judges, one per sandbox slot, and the
// reader of problem.yaml. Not a queue of work: a handler waits here only when the processor has
// more threads than slots.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "db/connection.h"
#include "judge/judge.h"
#include "sandbox/run.h"

namespace daemonz::course {

/// Owns slots and judges. Threads: any. Open the slots before threads and pools exist.
///
///     std::vector<std::unique_ptr<sandbox::Slot>> slots;    // processor's main, one per thread
///     slots.push_back(sandbox::open_free_slot(options, cores));
///     course::GradingRoom room(std::move(slots), read_yaml);
///     services.lend(room);
class GradingRoom {
 public:
  /// At least one slot.
  GradingRoom(std::vector<std::unique_ptr<sandbox::Slot>> slots, judge::ReadYaml read_yaml);
  ~GradingRoom();

  /// Waits for a free judge, lends it to `body`, takes it back.
  void with_judge(const std::function<void(judge::Judge&)>& body);

  /// Brings the course's tables up to date, once: after an upgrade jobs of before may come first,
  /// and no front end. Throws what migrate throws; the next call tries again.
  void prepare_tables(db::Connection& connection);

  [[nodiscard]] const judge::ReadYaml& read_yaml() const noexcept { return read_yaml_; }
  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }

 private:
  std::vector<std::unique_ptr<sandbox::Slot>> slots_;
  std::vector<std::unique_ptr<judge::Judge>> judges_;
  judge::ReadYaml read_yaml_;
  std::once_flag tables_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<judge::Judge*> free_;
};

}  // namespace daemonz::course
