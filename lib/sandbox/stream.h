// Bytes between a run and the world, moved by the keeper without blocking: input to the program,
// output from it up to a cap. Pages are spliced, not copied, where the kernel can.
// Follows sandbox.md, point 6. Sources: splice(2), pipe(7).
#pragma once

#include <poll.h>

#include <cstdint>

#include "base/unique_fd.h"
#include "base/units.h"

namespace daemonz::sandbox {

/// The program's stdin: a pipe whose other end is fed from a file (from its start) or a pipe.
/// Threads: one. Owns both ends.
class InputStream {
 public:
  /// `source` not open: nothing to feed.
  InputStream(UniqueFd source, UniqueFd pipe);
  /// What to wait for; fd -1: nothing any more.
  [[nodiscard]] pollfd interest() const;
  /// Moves what can be moved; closes the pipe at the end of the source, or when nobody reads it.
  /// What then still comes out of a source that is a pipe is dropped: whoever writes there is
  /// neither held up nor killed because this program does not listen.
  void pump();
  void close() { pipe_.reset(); }

 private:
  [[nodiscard]] long move_once();
  void drop();
  UniqueFd source_;
  UniqueFd pipe_;
  bool is_file_ = false;
  bool is_waiting_for_source_ = false;
  std::int64_t offset_ = 0;
};

/// stdout or stderr: a pipe whose bytes go to a sink, the first `cap` of them.
/// Threads: one. Owns both ends.
class OutputStream {
 public:
  OutputStream(UniqueFd pipe, UniqueFd sink, Bytes cap);
  [[nodiscard]] pollfd interest() const;
  void pump();
  /// After the run's death: what still lies in the pipe. A sink that takes nothing for
  /// `patience` loses the rest; so does every sink once `interrupt_fd` is readable.
  void drain(Milliseconds patience, int interrupt_fd);
  /// The program has closed its end, and all of it is written.
  [[nodiscard]] bool is_at_end() const noexcept { return !pipe_.is_open(); }
  /// Whoever reads the sink sees its end. Only at_end.
  void close_sink() { sink_.reset(); }

  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }  ///< kept, at most the cap
  [[nodiscard]] bool is_over_cap() const noexcept { return is_over_cap_; }
  [[nodiscard]] bool is_cut() const noexcept { return is_over_cap_ || is_cut_; }
  [[nodiscard]] int sink_error() const noexcept { return sink_error_; }  ///< errno, 0: none

 private:
  enum class Moved { some, nothing, end };
  [[nodiscard]] Moved move_once();
  [[nodiscard]] Moved look_beyond_cap();
  [[nodiscard]] Moved copy_once();
  [[nodiscard]] Moved sink_failed();

  UniqueFd pipe_;
  UniqueFd sink_;
  std::uint64_t cap_;
  std::uint64_t bytes_ = 0;
  bool is_copying_ = false;  ///< the sink cannot be spliced to (O_APPEND, a terminal)
  bool is_waiting_for_sink_ = false;
  bool is_over_cap_ = false;
  bool is_cut_ = false;
  int sink_error_ = 0;
};

}  // namespace daemonz::sandbox
