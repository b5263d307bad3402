// The commit thread: one fdatasync for all that was written since the last one. Not the writer:
// that is the owner's thread (journal.h). An idle committer syncs what asks for it at once; there
// is no timer but ride_max, for records that nobody waits for.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/units.h"
#include "journal/background.h"
#include "journal/disk.h"
#include "journal/record.h"

namespace daemonz::journal {

/// Owns its thread, if it has one. Threads: any for durable() and is_failed(); one for the rest.
class Committer {
 public:
  struct Options {
    Disk* disk;
    std::string folder;
    Milliseconds ride_max{1'000};
    Sequence durable = 0;             ///< what recovery found is on the disk
    std::function<void()> on_commit;  ///< see journal::Options
    Background background = Background::threads;
  };

  explicit Committer(Options options);
  ~Committer();

  /// `file` (a loan until it is retired) holds everything up to `upto`, not yet synced.
  void written(DiskFile& file, Sequence upto, bool is_asked);
  /// A file came into the folder: its name is made durable before anything written later.
  void folder_changed();
  /// Removes the file at `path` when everything up to `after` is durable, not before: a power cut
  /// must not leave an acknowledgement less and the item gone.
  void retire(std::unique_ptr<DiskFile> file, std::string path, Sequence after);
  /// Waits until everything written is durable and everything retired gone, or the disk has failed.
  void drain();
  /// The same, if there is anything retired; false: there is not.
  bool await_removals();
  /// What the thread does between two waits: one sync of what is due, and the removals that it
  /// allows. False: there was nothing to do. For an owner without the thread.
  bool step();
  /// As if ride_max were over.
  void end_ride();

  /// A write failed: nothing becomes durable from here on. No page is ever written twice.
  void fail(const std::string& why);
  [[nodiscard]] Sequence durable() const noexcept { return durable_; }
  [[nodiscard]] bool is_failed() const noexcept { return is_failed_; }
  [[nodiscard]] std::string failure() const;

  [[nodiscard]] std::uint64_t sync_count() const;
  [[nodiscard]] std::uint64_t sync_p99_us() const;

 private:
  struct Retired {
    std::unique_ptr<DiskFile> file;
    std::string path;
    Sequence after;
  };
  struct Batch {
    std::vector<DiskFile*> files;
    bool has_folder_changed = false;
    Sequence upto = 0;
  };

  void work();
  bool step(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool is_due(SteadyTime now) const;
  void sync(const Batch& batch);
  void remove(std::vector<Retired> gone);

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_, idle_;
  Batch next_;  ///< what the next sync covers
  bool is_asked_ = false, is_busy_ = false, is_removing_ = false, is_stopping_ = false;
  SteadyTime dirty_since_{};
  std::vector<Retired> retired_;
  std::string failure_;
  std::atomic<bool> is_failed_ = false;
  std::atomic<Sequence> durable_;
  std::uint64_t sync_count_ = 0;
  std::array<std::uint32_t, 1024> sync_us_{};  ///< the last ones, in a ring
  std::thread thread_;                         ///< last: it uses all of the above
};

}  // namespace daemonz::journal
