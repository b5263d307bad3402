#include "supervisor/own_log.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <memory>

#include "base/log.h"
#include "supervisor/log_file.h"

namespace daemonz::supervisor {
namespace {

std::string note_of(std::uint64_t bytes) {
  return "daemonz: " + std::to_string(bytes) + " bytes of this log were lost here\n";
}

// Both are called by one thread at a time: base/log.h sees to it.
class ToFile {
 public:
  explicit ToFile(const std::string& path)
      : file_(std::make_shared<LogFile>(path, config::LogFile{})) {}

  void operator()(std::string_view line) {
    file_->make_room(line.size());
    const bool has_room = dropped_ == 0 || file_->append_whole(note_of(dropped_));
    if (has_room) dropped_ = 0;
    if (!has_room || !file_->append_whole(line)) dropped_ += line.size();
  }

 private:
  std::shared_ptr<LogFile> file_;  // shared by the copies that std::function may make
  std::uint64_t dropped_ = 0;
};

class ToStderr {
 public:
  void operator()(std::string_view line) {
    const auto note = dropped_ > 0 ? note_of(dropped_) : "";
    if (!note.empty() && !write(note)) {
      dropped_ += line.size();
      return;
    }
    dropped_ = 0;
    if (!write(line)) dropped_ = line.size();
  }

 private:
  // A pipe that is writable takes PIPE_BUF bytes without blocking (pipe(7)).
  static bool write(std::string_view text) {
    while (!text.empty()) {
      pollfd writable{STDERR_FILENO, POLLOUT, 0};
      if (::poll(&writable, 1, 0) <= 0 || (writable.revents & POLLOUT) == 0) return false;
      const auto size =
          ::write(STDERR_FILENO, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }

  std::uint64_t dropped_ = 0;
};

}  // namespace

void log_to_file(const std::string& path) { log::to_function(ToFile(path)); }
void log_to_stderr() { log::to_function(ToStderr()); }

}  // namespace daemonz::supervisor
