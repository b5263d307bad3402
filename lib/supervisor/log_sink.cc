#include "supervisor/log_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"

namespace daemonz::supervisor {
namespace {

constexpr std::size_t piece_size = 65536;  // a pipe's default capacity

std::string turned(const std::string& path, int number) {
  return path + "." + std::to_string(number);
}

}  // namespace

LogSink::LogSink(std::string path, const config::LogFile& options)
    : path_(std::move(path)),
      size_max_(options.max_size),
      keep_(options.keep),
      is_stamped_(options.timestamp == config::LogFile::Timestamp::rfc3339) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("cannot make a pipe for the log", path_);
  read_end_.reset(ends[0]);
  write_end_.reset(ends[1]);
  ::fcntl(read_end_.get(), F_SETFL, O_NONBLOCK);  // ours alone: the child's end keeps blocking
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
  open_file();
  if (!file_.is_open())
    throw_errno("cannot open the log file", path_, "May this user write to its folder?");
}

void LogSink::open_file() {
  file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  struct stat found {};
  const bool is_known = file_.is_open() && ::fstat(file_.get(), &found) == 0;
  size_ = is_known ? static_cast<std::uint64_t>(found.st_size) : 0;
  inode_ = is_known ? found.st_ino : 0;
}

// logrotate(8) and people rename the file, empty it or remove it; the next line goes to the name.
void LogSink::follow_name() {
  struct stat named {};
  if (::stat(path_.c_str(), &named) != 0 || named.st_ino != inode_)
    open_file();
  else
    size_ = static_cast<std::uint64_t>(named.st_size);
}

// log -> log.1 -> log.2 ..; the oldest falls off.
void LogSink::turn() {
  for (int number = keep_ - 1; number >= 1; --number)
    std::rename(turned(path_, number).c_str(), turned(path_, number + 1).c_str());
  if (keep_ > 0)
    std::rename(path_.c_str(), turned(path_, 1).c_str());
  else
    ::unlink(path_.c_str());
  open_file();
}

// How much could not be written: ENOSPC, EDQUOT, EIO.
std::size_t LogSink::write_some(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    size_ += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return bytes.size();
}

void LogSink::append(std::string_view bytes) {
  follow_name();
  if (size_max_.count > 0 && size_ > 0 && size_ + bytes.size() > size_max_.count) turn();
  auto lost = bytes.size();
  const auto note = "daemonz: " + std::to_string(dropped_) + " bytes of output were lost here\n";
  if (dropped_ == 0 || write_some(note) == 0) {
    dropped_ = 0;
    lost = write_some(bytes);
  }
  dropped_ += lost;
  dropped_total_ += lost;
}

void LogSink::take(Bytes turn_max) {
  char piece[piece_size];
  for (std::uint64_t taken = 0; taken < turn_max.count;) {
    const auto size = ::read(read_end_.get(), piece, sizeof piece);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    taken += static_cast<std::uint64_t>(size);
    std::string_view bytes(piece, static_cast<std::size_t>(size));
    if (!is_stamped_) {
      append(bytes);
      continue;
    }
    const auto stamp = to_iso8601(real_clock().wall()) + " ";
    std::string stamped;
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      const auto line = bytes.substr(0, end == std::string_view::npos ? end : end + 1);
      if (is_at_line_start_) stamped += stamp;
      stamped += line;
      is_at_line_start_ = line.back() == '\n';
      bytes.remove_prefix(line.size());
    }
    append(stamped);
  }
}

std::string LogSink::last_lines(std::uint64_t offset, int lines_max) const {
  return last_lines_of(path_, offset <= size_ ? offset : 0, lines_max);
}

std::string last_lines_of(const std::string& path, std::uint64_t offset, int lines_max,
                          Bytes size_max) {
  if (lines_max <= 0) return {};
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat found {};
  if (!fd.is_open() || ::fstat(fd.get(), &found) != 0) return {};
  const auto size = static_cast<std::uint64_t>(found.st_size);
  const auto from = std::max(offset, size > size_max.count ? size - size_max.count : 0);
  if (from >= size) return {};
  std::string text(size - from, '\0');
  const auto got = ::pread(fd.get(), text.data(), text.size(), static_cast<off_t>(from));
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  auto at = text.size();
  for (int lines = 0; at > 0; --at)
    if (text[at - 1] == '\n' && at != text.size() && ++lines >= lines_max) break;
  return text.substr(at);
}

}  // namespace daemonz::supervisor
