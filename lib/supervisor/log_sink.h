// Where the output of one instance goes: a pipe that its children write to, and a file that turns
// over by size. Not the supervisor's own log (base/log.h).
#pragma once

#include <string>

#include "base/unique_fd.h"
#include "base/units.h"
#include "config/daemon.h"

namespace daemonz::supervisor {

/// Both ends of the pipe stay open here: it never ends, outlives every child of the instance, and
/// a child that closes its output costs nothing. A full disk drops and counts; it never stops a
/// child and never throws. A file that somebody has renamed or removed is opened anew.
/// Threads: one.
class LogSink {
 public:
  /// Opens pipe and file. Throws Error that names the file when it cannot be written.
  LogSink(std::string path, const config::LogFile& options);

  [[nodiscard]] int write_end() const noexcept { return write_end_.get(); }  ///< for the child
  [[nodiscard]] int read_end() const noexcept { return read_end_.get(); }    ///< to watch
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Moves what the pipe holds into the file, at most `turn_max` bytes, so that one chatterbox
  /// does not starve the others. Never blocks on the pipe.
  void take(Bytes turn_max = kibibytes(256));

  /// Size of the current file: where the next run's lines begin.
  [[nodiscard]] std::uint64_t offset() const noexcept { return size_; }
  /// The last lines written since `offset` (or since the last turn of the file).
  [[nodiscard]] std::string last_lines(std::uint64_t offset, int lines_max) const;

  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_total_; }  ///< bytes

 private:
  void open_file();
  void follow_name();
  void turn();
  void append(std::string_view bytes);
  std::size_t write_some(std::string_view bytes);

  std::string path_;
  Bytes size_max_;
  int keep_;
  bool is_stamped_;
  UniqueFd read_end_, write_end_, file_;
  std::uint64_t size_ = 0;
  std::uint64_t inode_ = 0;
  std::uint64_t dropped_ = 0;  // since the last line that said so
  std::uint64_t dropped_total_ = 0;
  bool is_at_line_start_ = true;
};

inline constexpr Bytes tail_max = kibibytes(64);  ///< more than a person reads of a failed start

/// The last `lines_max` lines of a file, from byte `offset` on, but at most the last `size_max`
/// bytes. Empty: no such file.
[[nodiscard]] std::string last_lines_of(const std::string& path, std::uint64_t offset,
                                        int lines_max, Bytes size_max = tail_max);

}  // namespace daemonz::supervisor
