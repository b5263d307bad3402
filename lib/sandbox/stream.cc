#include "sandbox/stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace daemonz::sandbox {
namespace {

constexpr std::size_t chunk_max = 1U << 20;        // one splice; a pipe holds at most this much
constexpr std::size_t copy_chunk_max = 64 * 1024;  // a pipe's ordinary size
constexpr int pipe_size_wanted = 1 << 20;          // pipe-max-size; for large inputs

bool is_ready(int fd, short events) {
  pollfd wait{fd, events, 0};
  return ::poll(&wait, 1, 0) > 0 && (wait.revents & events) != 0;
}

long write_all(int fd, const char* bytes, std::size_t size) {
  std::size_t written = 0;
  while (written < size) {
    const auto one = ::write(fd, bytes + written, size - written);
    if (one < 0 && errno == EINTR) continue;
    if (one < 0) return -1;
    written += static_cast<std::size_t>(one);
  }
  return static_cast<long>(written);
}

}  // namespace

InputStream::InputStream(UniqueFd source, UniqueFd pipe)
    : source_(std::move(source)), pipe_(std::move(pipe)) {
  struct stat found {};
  if (!source_.is_open() || ::fstat(source_.get(), &found) != 0) {
    pipe_.reset();
    return;
  }
  is_file_ = S_ISREG(found.st_mode);
  // Only a wish: the kernel may refuse when this user's pipes hold much already.
  if (is_file_ && found.st_size > static_cast<off_t>(copy_chunk_max))
    ::fcntl(pipe_.get(), F_SETPIPE_SZ, pipe_size_wanted);
}

pollfd InputStream::interest() const {
  // A file needs nobody to take what is left of it.
  if (!pipe_.is_open()) return {is_file_ ? -1 : source_.get(), POLLIN, 0};
  if (is_waiting_for_source_) return {source_.get(), POLLIN, 0};
  return {pipe_.get(), POLLOUT, 0};
}

long InputStream::move_once() {
  loff_t* const offset = is_file_ ? &offset_ : nullptr;
  const auto moved =
      ::splice(source_.get(), offset, pipe_.get(), nullptr, chunk_max, SPLICE_F_NONBLOCK);
  if (moved >= 0 || errno != EINVAL) return moved;
  if (!is_file_ && !is_ready(source_.get(), POLLIN | POLLHUP)) {
    errno = EAGAIN;
    return -1;
  }
  // A source that cannot be spliced (a terminal, a file of /proc): at most what surely fits.
  char bytes[4096];
  const auto size = is_file_ ? ::pread(source_.get(), bytes, sizeof bytes, offset_)
                             : ::read(source_.get(), bytes, sizeof bytes);
  if (size <= 0) return size;
  const auto written = ::write(pipe_.get(), bytes, static_cast<std::size_t>(size));
  if (written > 0) offset_ += written;
  return written;
}

void InputStream::drop() {
  char bytes[copy_chunk_max];
  if (!is_ready(source_.get(), POLLIN | POLLHUP)) return;
  const auto size = ::read(source_.get(), bytes, sizeof bytes);
  if (size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN)) source_.reset();
}

void InputStream::pump() {
  if (!pipe_.is_open() && !is_file_) return drop();
  while (pipe_.is_open()) {
    const auto moved = move_once();
    if (moved > 0 || (moved < 0 && errno == EINTR)) continue;
    if (moved < 0 && errno == EAGAIN) {
      is_waiting_for_source_ = !is_file_ && is_ready(pipe_.get(), POLLOUT);
      return;
    }
    pipe_.reset();  // end of the source, or nobody reads any more
    if (moved == 0 || is_file_) source_.reset();
  }
}

OutputStream::OutputStream(UniqueFd pipe, UniqueFd sink, Bytes cap)
    : pipe_(std::move(pipe)), sink_(std::move(sink)), cap_(cap.count) {}

pollfd OutputStream::interest() const {
  if (!pipe_.is_open()) return {-1, 0, 0};
  if (is_waiting_for_sink_) return {sink_.get(), POLLOUT, 0};
  return {pipe_.get(), POLLIN, 0};
}

OutputStream::Moved OutputStream::look_beyond_cap() {
  char one = 0;
  const auto size = ::read(pipe_.get(), &one, 1);
  if (size == 0) return Moved::end;
  if (size < 0) return Moved::nothing;
  is_over_cap_ = true;
  return Moved::end;
}

OutputStream::Moved OutputStream::sink_failed() {
  // A reader that is gone is the other side's affair: closing our end tells the program.
  if (errno != EPIPE) sink_error_ = errno;
  is_cut_ = true;
  return Moved::end;
}

OutputStream::Moved OutputStream::copy_once() {
  char bytes[copy_chunk_max];
  const auto wanted = std::min<std::uint64_t>(cap_ - bytes_, sizeof bytes);
  const auto size = ::read(pipe_.get(), bytes, wanted);
  if (size == 0) return Moved::end;
  if (size < 0) return Moved::nothing;
  if (sink_.is_open() && write_all(sink_.get(), bytes, static_cast<std::size_t>(size)) < 0)
    return sink_failed();
  bytes_ += static_cast<std::uint64_t>(size);
  return Moved::some;
}

OutputStream::Moved OutputStream::move_once() {
  is_waiting_for_sink_ = false;
  if (bytes_ == cap_) return look_beyond_cap();
  if (is_copying_ || !sink_.is_open()) return copy_once();
  const auto wanted = std::min<std::uint64_t>(cap_ - bytes_, chunk_max);
  const auto moved =
      ::splice(pipe_.get(), nullptr, sink_.get(), nullptr, wanted, SPLICE_F_NONBLOCK);
  if (moved > 0) return bytes_ += static_cast<std::uint64_t>(moved), Moved::some;
  if (moved == 0) return Moved::end;
  if (errno == EINVAL) return is_copying_ = true, Moved::some;
  if (errno == EINTR) return Moved::some;
  if (errno != EAGAIN) return sink_failed();
  is_waiting_for_sink_ = is_ready(pipe_.get(), POLLIN);
  return Moved::nothing;
}

void OutputStream::pump() {
  while (pipe_.is_open()) {
    const auto moved = move_once();
    if (moved == Moved::nothing) return;
    if (moved == Moved::end) pipe_.reset();
  }
}

void OutputStream::drain(Milliseconds patience, int interrupt_fd) {
  // Every writer is dead, so the pipe ends; only a slow sink can hold us up.
  for (pump(); pipe_.is_open(); pump()) {
    pollfd wait[] = {{sink_.get(), POLLOUT, 0}, {interrupt_fd, POLLIN, 0}};
    if (is_waiting_for_sink_ && ::poll(wait, 2, static_cast<int>(patience.count())) > 0 &&
        wait[1].revents == 0)
      continue;
    is_cut_ = true;
    pipe_.reset();
  }
}

}  // namespace daemonz::sandbox
