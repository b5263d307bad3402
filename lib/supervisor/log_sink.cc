#include "supervisor/log_sink.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

namespace daemonz::supervisor {
namespace {

constexpr std::uint64_t piece_max = 65536;  // a pipe's default capacity

std::uint64_t bytes_waiting_in(int pipe) {
  int count = 0;
  return ::ioctl(pipe, FIONREAD, &count) == 0 && count > 0 ? static_cast<std::uint64_t>(count) : 0;
}

// Opening both ends at once never waits for a peer (fifo(7), Linux).
UniqueFd open_pipe(const std::string& path) {
  return UniqueFd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
}

bool is_pipe(int fd) {
  struct stat found {};
  return ::fstat(fd, &found) == 0 && S_ISFIFO(found.st_mode);
}

void consume(int pipe, std::uint64_t size) {
  char piece[16384];
  while (size > 0) {
    const auto got = ::read(pipe, piece, std::min<std::uint64_t>(size, sizeof piece));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    size -= static_cast<std::uint64_t>(got);
  }
}

}  // namespace

LogSink::LogSink(LogSinkOptions options, std::shared_ptr<LogFile> file)
    : options_(std::move(options)), file_(std::move(file)) {
  const bool is_new = ::mkfifo(options_.pipe.c_str(), 0600) == 0;
  pipe_ = open_pipe(options_.pipe);
  if (!is_new && (!pipe_.is_open() || !is_pipe(pipe_.get()))) {
    ::unlink(options_.pipe.c_str());
    if (::mkfifo(options_.pipe.c_str(), 0600) == 0) pipe_ = open_pipe(options_.pipe);
  }
  if (!pipe_.is_open())
    throw_errno("cannot make the pipe for a log", options_.pipe,
                "May this user write to its folder?");
  if (options_.is_announced) taken_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

std::uint64_t LogSink::bytes_waiting() const { return bytes_waiting_in(pipe_.get()); }

// Through /proc, so that it is this pipe whatever has become of its name.
UniqueFd LogSink::open_for_child() const {
  const auto path = "/proc/self/fd/" + std::to_string(pipe_.get());
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.is_open()) throw_errno("cannot open the pipe for a log", options_.pipe);
  return fd;
}

void LogSink::take(Bytes turn_max) {
  for (std::uint64_t taken = 0; taken < turn_max.count;) {
    const auto size = std::min(bytes_waiting_in(pipe_.get()), piece_max);
    if (size == 0) return;
    taken += size;
    file_->make_room(size);
    const bool is_plain = !options_.is_stamped && !options_.is_prefixed;
    if (!has_said_what_was_lost())
      drop(size);
    else if (const auto lost = is_plain ? move_plain(size) : move_copied(size); lost > 0)
      drop(lost);
    const std::uint64_t one = 1;
    if (taken_.is_open()) [[maybe_unused]]
      const auto written = ::write(taken_.get(), &one, sizeof one);
  }
}

// How much is left in the pipe because it could not be written.
std::uint64_t LogSink::move_plain(std::uint64_t size) {
  const auto moved = file_->take_from(pipe_.get(), size);
  return moved ? size - *moved : move_copied(size);
}

// Looked at by tee(2), written, and only then taken out of the pipe.
std::uint64_t LogSink::move_copied(std::uint64_t size) {
  if (!peek_read_.is_open()) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return size;
    peek_read_.reset(ends[0]);
    peek_write_.reset(ends[1]);
  }
  const auto seen = ::tee(pipe_.get(), peek_write_.get(), size, SPLICE_F_NONBLOCK);
  if (seen <= 0) return size;
  std::string bytes(static_cast<std::size_t>(seen), '\0');
  const auto got = ::read(peek_read_.get(), bytes.data(), bytes.size());
  if (got != seen) return size;
  const auto text = decorated(bytes);
  const auto lost = text.size() - file_->append(text);
  const auto unwritten = std::min<std::uint64_t>(lost, bytes.size());
  consume(pipe_.get(), bytes.size() - unwritten);
  return unwritten;
}

std::string LogSink::decorated(std::string_view bytes) {
  std::string head;
  if (options_.is_stamped) head = to_iso8601(real_clock().wall()) + " ";
  if (options_.is_prefixed) head += options_.name + ": ";
  if (head.empty()) return std::string(bytes);
  if (!is_at_line_start_) is_at_line_start_ = file_->is_at_line_start();
  std::string text;
  text.reserve(bytes.size() + head.size());
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto line = bytes.substr(0, end == std::string_view::npos ? end : end + 1);
    if (*is_at_line_start_) text += head;
    text += line;
    is_at_line_start_ = line.back() == '\n';
    bytes.remove_prefix(line.size());
  }
  return text;
}

// False: there is still no room for it. A file that lost bytes says where.
bool LogSink::has_said_what_was_lost() {
  if (dropped_ == 0) return true;
  const auto note = (file_->is_at_line_start() ? "daemonz: " : "\ndaemonz: ") +
                    std::to_string(dropped_) + " bytes of output were lost here\n";
  if (!file_->append_whole(note)) return false;
  log::warn("supervisor", "output is written again",
            {{"name", options_.name}, {"log", path()}, {"lost_bytes", dropped_}});
  dropped_ = 0;
  is_at_line_start_ = true;
  return true;
}

void LogSink::drop(std::uint64_t size) {
  if (dropped_ == 0)
    log::error("supervisor", "output is lost: its log cannot be written, is the disk full?",
               {{"name", options_.name}, {"log", path()}});
  consume(pipe_.get(), size);
  dropped_ += size;
  dropped_total_ += size;
}

void LogSink::remove() {
  take(Bytes(piece_max));
  remove_name();
}

void LogSink::forget_taken() const {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(taken_.get(), &count, sizeof count);
}

void LogSink::remove_name() { ::unlink(options_.pipe.c_str()); }

std::string LogSink::last_lines(std::uint64_t offset, int lines_max) const {
  return last_lines_of(path(), offset <= file_->size() ? offset : 0, lines_max);
}

std::string last_lines_in(int fd, const LastLines& which) {
  struct stat found {};
  if (which.lines_max <= 0 || ::fstat(fd, &found) != 0) return {};
  const auto end = std::min(which.end, static_cast<std::uint64_t>(found.st_size));
  const auto size_max = which.size_max.count;
  const auto from = std::max(which.begin, end > size_max ? end - size_max : 0);
  if (from >= end) return {};
  std::string text(end - from, '\0');
  const auto got = ::pread(fd, text.data(), text.size(), static_cast<off_t>(from));
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  auto at = text.size();
  for (int lines = 0; at > 0; --at)
    if (text[at - 1] == '\n' && at != text.size() && ++lines >= which.lines_max) break;
  return text.substr(at);
}

std::string last_lines_of(const std::string& path, std::uint64_t offset, int lines_max,
                          Bytes size_max) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) return {};
  return last_lines_in(fd.get(), {.begin = offset, .lines_max = lines_max, .size_max = size_max});
}

}  // namespace daemonz::supervisor
