#include "supervisor/log_file.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/error.h"

namespace daemonz::supervisor {
namespace {

std::string turned(const std::string& path, int number) {
  return path + "." + std::to_string(number);
}

constexpr Seconds reader_time_max(1);  // of a pipe or terminal, before lines are dropped

// By name it means what the supervisor was given, which may be a socket that cannot be opened. A
// pipe is opened anew: not to wait for its reader is then this file's matter alone.
int open_given(int given) {
  struct stat found {};
  if (::fstat(given, &found) == 0 && S_ISFIFO(found.st_mode)) {
    const auto name = "/proc/self/fd/" + std::to_string(given);
    const int fd = ::open(name.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) return fd;
  }
  return ::fcntl(given, F_DUPFD_CLOEXEC, 0);
}

bool is_given(const std::string& path) { return path == "/dev/stdout" || path == "/dev/stderr"; }

int open_named(const std::string& path) {
  if (path == "/dev/stdout") return open_given(STDOUT_FILENO);
  if (path == "/dev/stderr") return open_given(STDERR_FILENO);
  return ::open(path.c_str(), O_RDWR | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640);
}

}  // namespace

LogFile::LogFile(std::string path, const config::LogFile& options) : path_(std::move(path)) {
  set(options);
  open();
  if (!file_.is_open() && errno == ENOENT) {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
    open();
  }
  if (!file_.is_open())
    throw_errno("cannot open the log file", path_, "May this user write to its folder?");
}

void LogFile::set(const config::LogFile& options) noexcept {
  size_max_ = options.max_size.count;
  keep_ = options.keep;
}

void LogFile::open() {
  file_.reset(open_named(path_));
  struct stat found {};
  const bool is_known = file_.is_open() && ::fstat(file_.get(), &found) == 0;
  is_regular_ = is_known && S_ISREG(found.st_mode) && !is_given(path_);
  size_ = is_regular_ ? static_cast<std::uint64_t>(found.st_size) : 0;
  inode_ = is_known ? found.st_ino : 0;
  device_ = is_known ? found.st_dev : 0;
}

bool LogFile::is_at_line_start() const {
  char last = '\n';
  if (is_regular_ && size_ > 0)
    static_cast<void>(::pread(file_.get(), &last, 1, static_cast<off_t>(size_ - 1)));
  return last == '\n';
}

// logrotate(8) and people rename the file, empty it or remove it; the next line goes to the name.
void LogFile::make_room(std::uint64_t bytes) {
  if (file_.is_open() && !is_regular_) return;
  struct stat named {};
  if (::stat(path_.c_str(), &named) != 0 || named.st_ino != inode_ || named.st_dev != device_)
    open();
  else
    size_ = static_cast<std::uint64_t>(named.st_size);
  if (is_regular_ && size_max_ > 0 && size_ > 0 && size_ + bytes > size_max_) turn();
}

// Only up to the first free number: a supervisor that was killed here has left one.
void LogFile::turn() {
  int number = 1;
  while (number < keep_ && ::access(turned(path_, number).c_str(), F_OK) == 0) ++number;
  while (--number >= 1)
    std::rename(turned(path_, number).c_str(), turned(path_, number + 1).c_str());
  if (keep_ > 0)
    std::rename(path_.c_str(), turned(path_, 1).c_str());
  else
    ::unlink(path_.c_str());
  open();
}

// A pipe that is writable takes PIPE_BUF bytes without blocking (pipe(7)).
ssize_t LogFile::write_some(std::string_view bytes) {
  if (is_regular_)
    return ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(size_.load()));
  pollfd writable{file_.get(), POLLOUT, 0};
  const auto patience = is_stuck_ ? Milliseconds(0) : Milliseconds(reader_time_max);
  const int ready = ::poll(&writable, 1, static_cast<int>(patience.count()));
  is_stuck_ = ready == 0;
  if (ready <= 0) return ready;
  return ::write(file_.get(), bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
}

std::uint64_t LogFile::append(std::string_view bytes) {
  std::uint64_t done = 0;
  while (done < bytes.size()) {
    const auto written = write_some(bytes.substr(done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    done += static_cast<std::uint64_t>(written);
    if (is_regular_) size_ += static_cast<std::uint64_t>(written);
  }
  return done;
}

bool LogFile::append_whole(std::string_view text) {
  const auto before = size_.load();
  if (append(text) == text.size()) return true;
  if (is_regular_ && ::ftruncate(file_.get(), static_cast<off_t>(before)) == 0) size_ = before;
  return false;
}

std::optional<std::uint64_t> LogFile::take_from(int pipe, std::uint64_t size) {
  if (file_.is_open() && !is_regular_) return {};
  auto place = static_cast<loff_t>(size_.load());
  std::uint64_t done = 0;
  while (done < size) {
    const auto moved = ::splice(pipe, nullptr, file_.get(), &place, size - done, SPLICE_F_NONBLOCK);
    if (moved < 0 && errno == EINTR) continue;
    if (moved < 0 && errno == EINVAL && done == 0) return {};  // a file system without splice
    if (moved <= 0) break;
    done += static_cast<std::uint64_t>(moved);
  }
  size_ += done;
  return done;
}

std::shared_ptr<LogFile> LogFiles::at(const std::string& path, const config::LogFile& options) {
  auto& known = files_[path];
  auto file = known.lock();
  if (file)
    file->set(options);
  else
    known = file = std::make_shared<LogFile>(path, options);
  return file;
}

}  // namespace daemonz::supervisor
