// Verifies what the start left unverified, on a thread of its own while the store serves: the
// checksums of all records in sealed segments. Slow on purpose; not needed for a start's result.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/units.h"
#include "journal/background.h"
#include "journal/disk.h"
#include "journal/record.h"

namespace daemonz::journal {

/// Owns its thread, which ends when all is verified. Threads: one.
class Verifier {
 public:
  struct Options {
    Disk* disk;
    std::string folder;
    std::vector<UnverifiedSegment> segments;  ///< in the order in which they are read
    /// Called by the thread, once: path, offset and what is wrong there.
    std::function<void(const std::string& why)> on_damage;
    Background background = Background::threads;
  };
  explicit Verifier(Options options);
  ~Verifier();  ///< ends the thread

  /// Verifies the next segment; false: there was none. For who does it by hand.
  bool step();

 private:
  /// A sixteenth of a second for 4 MiB: a hundredth of a processor, and no disk is kept busy.
  static constexpr Bytes slice = mebibytes(4);
  static constexpr Milliseconds pause{62};

  /// False: it is to stop.
  [[nodiscard]] bool verify(const UnverifiedSegment& segment);
  [[nodiscard]] bool rest();

  const Options options_;
  std::size_t next_ = 0;  ///< in options_.segments
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;
  std::thread thread_;  ///< last: it uses all of the above
};

}  // namespace daemonz::journal
