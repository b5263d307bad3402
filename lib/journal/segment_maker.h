// Makes the next segment ahead of its use, on a thread of its own: a file full of zeros, synced, so
// that later syncs write data and no metadata. Not needed for correctness: without a spare the
// journal reserves a fresh file itself.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/units.h"
#include "journal/background.h"
#include "journal/disk.h"

namespace daemonz::journal {

/// Owns its thread, if it has one, and the spare file until it is taken. Threads: one.
class SegmentMaker {
 public:
  static constexpr const char* spare_name = "spare";

  struct Options {
    Disk* disk;
    std::string folder;
    Bytes size;
    Background background = Background::threads;
  };
  explicit SegmentMaker(Options options);
  ~SegmentMaker();  ///< ends the thread and removes an untaken spare

  /// Begins to make a spare, unless there is one or one is being made. After a failure it is tried
  /// again at most once per retry_pause.
  void request();
  /// The finished spare (still named spare_name), or nothing.
  [[nodiscard]] std::unique_ptr<DiskFile> take();
  /// Waits while one is being made. False: none was, or there was no space for it.
  bool await_spare();
  /// Makes the spare that was requested; false: none was. For an owner without the thread.
  bool step();
  /// take() would give it. Threads: any.
  [[nodiscard]] bool has_spare() const noexcept { return has_spare_; }

 private:
  enum class State { idle, wanted, making, ready, failed };
  static constexpr Milliseconds retry_pause{1'000};  // a full disk is asked again once a second

  void work();
  void make_requested(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] std::unique_ptr<DiskFile> make() const;

  const Options options_;
  const std::string path_;
  mutable std::mutex mutex_;
  std::condition_variable wake_, made_;
  State state_ = State::idle;
  bool is_stopping_ = false;
  bool has_failed_ = false;  ///< the last attempt found no space, or another fault
  std::atomic<bool> has_spare_ = false;
  SteadyTime failed_at_{};
  std::unique_ptr<DiskFile> spare_;
  std::thread thread_;  ///< last: it uses all of the above
};

}  // namespace daemonz::journal
