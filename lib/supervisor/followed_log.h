// A log file read on and on under its name: across turns (log -> log.1 -> log.2 ..), also several
// between two looks, and when somebody renames, removes or empties it. Not the waiting for more:
// logs.cc. Follows supervisor.md, "Mechanisms".
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace daemonz::supervisor {

/// Holds the file that it reads, so that a turn takes nothing away from it. Threads: one.
class FollowedLog {
 public:
  using Show = std::function<void(std::string_view)>;

  explicit FollowedLog(std::string path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// The last lines as they stood when this was made, those of turned files too where the current
  /// one has fewer. What comes later is take()'s.
  [[nodiscard]] std::string last_lines(int lines_max) const;
  /// All that was written since the last call, in pieces. False: it may have missed some, because
  /// more files were turned over than are kept.
  bool take(const Show& show);

 private:
  [[nodiscard]] std::string name_of(int number) const;  // of the n-th turned file; 0: the log
  [[nodiscard]] std::optional<int> own_number() const;
  [[nodiscard]] int oldest_successor(const struct stat& gone) const;
  void read_rest(const Show& show);
  void open(int number);

  std::string path_;
  UniqueFd fd_;
  std::uint64_t place_ = 0;       // up to where it was read
  std::uint64_t first_size_ = 0;  // when this was made
};

}  // namespace daemonz::supervisor
