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
/// Threads: one. The source is a loan.
class InputStream {
 public:
  /// `source` -1: nothing to feed.
  InputStream(int source, UniqueFd pipe);
  /// What to wait for; fd -1: nothing any more.
  [[nodiscard]] pollfd interest() const;
  /// Moves what can be moved; closes the pipe at the end of the source, or when nobody reads it.
  void pump();
  void close() { pipe_.reset(); }

 private:
  [[nodiscard]] long move_once();
  int source_;
  UniqueFd pipe_;
  bool is_file_ = false;
  bool is_waiting_for_source_ = false;
  std::int64_t offset_ = 0;
};

/// stdout or stderr: a pipe whose bytes go to a sink, the first `cap` of them.
/// Threads: one. The sink is a loan.
class OutputStream {
 public:
  OutputStream(UniqueFd pipe, int sink, Bytes cap);
  [[nodiscard]] pollfd interest() const;
  void pump();
  /// After the run's death: what still lies in the pipe. A sink that takes nothing for
  /// `patience` loses the rest.
  void drain(Milliseconds patience);

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
  int sink_;
  std::uint64_t cap_;
  std::uint64_t bytes_ = 0;
  bool is_copying_ = false;  ///< the sink cannot be spliced to (O_APPEND, a terminal)
  bool is_waiting_for_sink_ = false;
  bool is_over_cap_ = false;
  bool is_cut_ = false;
  int sink_error_ = 0;
};

}  // namespace daemonz::sandbox
