// One holder at a time, for as long as it lives: flock(2) on a file that names the holder's pid.
// The lock proves, the pid only informs. Dies with its last descriptor: nothing goes stale.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/unique_fd.h"

namespace daemonz::process {

/// Move-only; released by destruction, by the end of the process, or by kill -9 of it. Launched
/// programs do not inherit it. The file itself stays. Threads: one.
class LockFile {
 public:
  /// nullopt: somebody else holds it (see `holder_of`). A holder that is dying of kill -9 is waited
  /// for, at most 10 s. Throws Error when the file cannot be opened
  /// or written. The folder must be there.
  [[nodiscard]] static std::optional<LockFile> try_acquire(const std::string& path);

  /// The pid that holds `path` now. nullopt: nobody, or no such file. 0: held, but by a process
  /// that did not write its pid. Never disturbs a holder; waits for a dying one likewise.
  [[nodiscard]] static std::optional<pid_t> holder_of(const std::string& path);

  /// The pid that the last holder left in the file, alive or not. nullopt: it ended in order (or
  /// there never was one).
  [[nodiscard]] static std::optional<pid_t> last_holder_of(const std::string& path);

  LockFile(LockFile&&) noexcept = default;
  LockFile& operator=(LockFile&&) noexcept = default;
  ~LockFile();

  /// Afterwards the file names `pid`, as if that one had held it last and not ended in order.
  void leave_to(pid_t pid) noexcept { left_to_ = pid; }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  LockFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  UniqueFd fd_;
  std::string path_;
  std::optional<pid_t> left_to_;
};

}  // namespace daemonz::process
