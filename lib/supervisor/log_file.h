// The file that log sinks write to: turned over by size, followed by name, never an exception when
// the disk is full. Not the pipe that a child writes to (log_sink.h), nor the supervisor's own log
// (base/log.h). Follows supervisor.md, "Mechanisms". Source: splice(2).
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "base/units.h"
#include "config/daemon.h"

namespace daemonz::supervisor {

/// Owns the open file. Not opened for appending (splice(2) refuses that): it writes at the end as
/// it knows it, and looks for the end again before each piece. Threads: one.
class LogFile {
 public:
  /// Makes its folder, opens it. Throws Error that names the file when it cannot be written.
  LogFile(std::string path, const config::LogFile& options);

  void set(const config::LogFile& options) noexcept;  ///< from the next piece on. Threads: any
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }  ///< Threads: any
  /// Whether the next byte begins a line. Reads the last one.
  [[nodiscard]] bool is_at_line_start() const;

  /// Before each piece: opens the name anew when somebody has renamed or removed the file, and
  /// turns it over where `bytes` more would exceed max_size: log -> log.1 -> log.2 ..
  void make_room(std::uint64_t bytes);

  /// How much was written; less than all: the disk is full (ENOSPC, EDQUOT, EIO, EFBIG), or the
  /// reader of a pipe has taken nothing for `reader_time_max`.
  std::uint64_t append(std::string_view bytes);
  /// All or nothing. False: there is no room for it.
  bool append_whole(std::string_view text);
  /// The same with `size` bytes that wait in `pipe`, without a copy: what was written has left the
  /// pipe, in one system call that a SIGKILL cannot come between. nullopt: this file cannot do it.
  std::optional<std::uint64_t> take_from(int pipe, std::uint64_t size);

 private:
  void open();
  void turn();
  [[nodiscard]] ssize_t write_some(std::string_view bytes);

  std::string path_;
  std::atomic<std::uint64_t> size_max_ = 0;  // bytes; 0: none
  std::atomic<int> keep_ = 0;
  UniqueFd file_;
  bool is_regular_ = false;  // else (/dev/null, a terminal) there is no place, size or turn
  bool is_stuck_ = false;    // a reader that has let us wait once is not waited for again
  std::atomic<std::uint64_t> size_ = 0;
  ino_t inode_ = 0;
  dev_t device_ = 0;
};

/// The files of one supervisor by name: sinks that name one file share it, or each would turn it
/// over. Threads: one.
class LogFiles {
 public:
  /// Shared, because the last of the sinks that name it closes it, whichever that is. The options
  /// of the last one count. Throws as LogFile does.
  [[nodiscard]] std::shared_ptr<LogFile> at(const std::string& path,
                                            const config::LogFile& options);

 private:
  std::map<std::string, std::weak_ptr<LogFile>> files_;
};

}  // namespace daemonz::supervisor
