// The command that reads the logs: the last lines, and what is written from now on.
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <ostream>
#include <set>

#include "base/error.h"
#include "process/signals.h"
#include "supervisor/commands.h"
#include "supervisor/log_sink.h"
#include "supervisor/plan.h"
#include "supervisor/supervisor.h"

namespace daemonz::supervisor {
namespace {

constexpr Bytes logs_max = mebibytes(64);  // of one file: several of the stock size

// One file that is being followed by name: when another file takes the name, the old one is read to
// its end first.
class Followed {
 public:
  explicit Followed(std::string path) : path_(std::move(path)) {
    reopen();
    if (fd_.is_open()) ::lseek(fd_.get(), 0, SEEK_END);
  }

  [[nodiscard]] const std::string& path() const { return path_; }

  std::string take() {
    auto text = read_rest();
    struct stat named {};
    if (::stat(path_.c_str(), &named) == 0 && (!fd_.is_open() || named.st_ino != inode_)) {
      reopen();
      text += read_rest();
    }
    return text;
  }

 private:
  void reopen() {
    fd_.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat opened {};
    if (fd_.is_open() && ::fstat(fd_.get(), &opened) == 0) inode_ = opened.st_ino;
  }

  std::string read_rest() const {
    std::string text;
    char piece[65536];
    while (fd_.is_open()) {
      const auto size = ::read(fd_.get(), piece, sizeof piece);
      if (size <= 0) break;
      text.append(piece, static_cast<std::size_t>(size));
    }
    return text;
  }

  std::string path_;
  UniqueFd fd_;
  ino_t inode_ = 0;
};

void follow(const Caller& caller, const std::vector<std::string>& paths) {
  const process::SignalWatch signals({SIGINT, SIGTERM});
  const UniqueFd changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  std::vector<Followed> files;
  for (const auto& path : paths) {
    const auto folder = std::filesystem::path(path).parent_path().string();
    ::inotify_add_watch(changes.get(), folder.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO);
    files.emplace_back(path);
  }
  std::string shown = paths.size() == 1 ? paths[0] : "";
  for (;;) {
    for (auto& file : files) {
      const auto text = file.take();
      if (text.empty()) continue;
      if (shown != file.path()) caller.data << "==> " << caller.config.shown(file.path()) << '\n';
      shown = file.path();
      caller.data << text;
    }
    caller.data.flush();
    if (!caller.data) return;
    pollfd sources[] = {{changes.get(), POLLIN, 0}, {signals.fd(), POLLIN, 0}};
    ::poll(sources, 2, -1);
    if (sources[1].revents != 0) return;
    char events[4096];
    while (::read(changes.get(), events, sizeof events) > 0) {
    }
  }
}

}  // namespace

int logs(const Caller& caller, const LogsOptions& options) {
  const auto plan =
      make_plan(caller.config, std::filesystem::path(caller.program).parent_path().string());
  check_targets(caller.config, plan, options.targets);
  std::vector<std::string> paths;
  const auto add = [&paths](const std::string& path) {
    if (!path.empty() && std::find(paths.begin(), paths.end(), path) == paths.end())
      paths.push_back(path);
  };
  if (options.targets.empty()) add(log_path_of(caller.config));
  for (const auto& one : plan.instances) {
    const bool is_chosen =
        options.targets.empty() ||
        std::any_of(options.targets.begin(), options.targets.end(),
                    [&one](const auto& target) { return is_meant(one, target); });
    if (!is_chosen) continue;
    add(one.config.log.path);
    add(one.config.log.stderr_path);
  }
  for (const auto& path : paths) {
    if (paths.size() > 1) caller.data << "==> " << caller.config.shown(path) << '\n';
    caller.data << last_lines_of(path, 0, options.lines, logs_max);
  }
  caller.data.flush();
  if (options.is_following) follow(caller, paths);
  return 0;
}

}  // namespace daemonz::supervisor
