// Where the output of one instance goes: a named pipe that its children write to, and from there a
// log file. Not the file (log_file.h), not the supervisor's own log (base/log.h). Follows
// supervisor.md, "Mechanisms". Sources: fifo(7), splice(2), tee(2).
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "base/units.h"
#include "supervisor/log_file.h"

namespace daemonz::supervisor {

struct LogSinkOptions {
  std::string pipe;           ///< path of the named pipe
  std::string name;           ///< of the instance
  bool is_stamped = false;    ///< each line begins with its time (RFC 3339)
  bool is_prefixed = false;   ///< each line begins with `name`
  bool is_announced = false;  ///< taken_fd() becomes readable with what is taken
};

/// The supervisor and the children both hold the pipe for reading and writing. So a child outlives
/// its supervisor: no SIGPIPE, and it blocks only when 64 KiB stand unread; the next supervisor
/// takes over the pipe with what stands in it. A child that closes its output costs nothing.
/// Plain output is spliced: a SIGKILL of the supervisor loses and doubles no byte. Stamped or
/// prefixed output is written first and consumed then: at most one piece is doubled.
/// A full disk drops and counts; it never stops a child and never throws.
/// What stands unread in a pipe is gone when neither a supervisor nor a child holds it.
/// Threads: one takes; open_for_child, path, offset, last_lines, dropped and bytes_waiting: any.
class LogSink {
 public:
  /// Makes the pipe, or takes over what an earlier supervisor has left there. Throws Error.
  LogSink(LogSinkOptions options, std::shared_ptr<LogFile> file);

  /// The child's end: its own, so that it blocks where ours does not.
  [[nodiscard]] UniqueFd open_for_child() const;
  [[nodiscard]] int read_end() const noexcept { return pipe_.get(); }  ///< to watch
  [[nodiscard]] const std::string& path() const noexcept { return file_->path(); }

  /// Moves what the pipe holds into the file, at most `turn_max` bytes, so that one chatterbox
  /// does not starve the others. Never blocks on the pipe.
  void take(Bytes turn_max = kibibytes(256));

  /// The instance is gone for good: takes the rest and removes the pipe's name.
  void remove();
  void remove_name();  ///< the second half of it

  [[nodiscard]] std::uint64_t bytes_waiting() const;  ///< in the pipe
  /// An eventfd(2); -1 unless is_announced.
  [[nodiscard]] int taken_fd() const noexcept { return taken_.get(); }
  void forget_taken() const;  ///< until something is taken again

  /// Size of the current file: where the next run's lines begin.
  [[nodiscard]] std::uint64_t offset() const noexcept { return file_->size(); }
  /// The last lines written since `offset` (or since the last turn of the file).
  [[nodiscard]] std::string last_lines(std::uint64_t offset, int lines_max) const;

  [[nodiscard]] std::uint64_t dropped() const noexcept {
    return dropped_total_;
  }  ///< bytes, in all

 private:
  [[nodiscard]] std::uint64_t move_plain(std::uint64_t size);
  [[nodiscard]] std::uint64_t move_copied(std::uint64_t size);
  [[nodiscard]] std::string decorated(std::string_view bytes);
  [[nodiscard]] bool has_said_what_was_lost();
  void drop(std::uint64_t size);

  LogSinkOptions options_;
  std::shared_ptr<LogFile> file_;  // shared: see LogFiles
  UniqueFd pipe_;
  UniqueFd taken_;
  UniqueFd peek_read_, peek_write_;  // made when output is first copied
  std::uint64_t dropped_ = 0;        // since the last line that said so
  std::atomic<std::uint64_t> dropped_total_ = 0;
  std::optional<bool>
      is_at_line_start_;  // of what an earlier run has left there: asked when needed
};

inline constexpr Bytes tail_max = kibibytes(64);  ///< more than a person reads of a failed start

/// Which lines of a file: the last `lines_max` of those between two bytes, but at most the last
/// `size_max` bytes.
struct LastLines {
  std::uint64_t begin = 0;
  std::uint64_t end = UINT64_MAX;
  int lines_max = 10;
  Bytes size_max = tail_max;
};
[[nodiscard]] std::string last_lines_in(int fd, const LastLines& which);

/// The last `lines_max` lines of a file, from byte `offset` on, but at most the last `size_max`
/// bytes. Empty: no such file.
[[nodiscard]] std::string last_lines_of(const std::string& path, std::uint64_t offset,
                                        int lines_max, Bytes size_max = tail_max);

}  // namespace daemonz::supervisor
