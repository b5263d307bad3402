// The command that reads the logs: the last lines, and what is written from now on.
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <ostream>

#include "base/units.h"
#include "process/signals.h"
#include "supervisor/commands.h"
#include "supervisor/followed_log.h"
#include "supervisor/home.h"
#include "supervisor/log_sink.h"
#include "supervisor/plan.h"
#include "supervisor/supervisor.h"

namespace daemonz::supervisor {
namespace {

constexpr Seconds look_again(1);                            // a file system may not tell of changes
constexpr std::size_t held_back_max = kibibytes(64).count;  // of a line that does not end

// Several logs on one screen: each piece under its name, and lines kept whole.
class Screen {
 public:
  Screen(const Caller& caller, bool has_names) : caller_(caller), has_names_(has_names) {}

  // What is held back of lines without an end.
  void finish() {
    for (const auto& [path, rest] : std::exchange(held_back_, {}))
      if (!rest.empty()) show(path, rest + (has_names_ ? "\n" : ""));
  }

  void show(const std::string& path, std::string_view text) {
    auto& rest = held_back_[path];
    rest += text;
    auto size = rest.rfind('\n') + 1;  // npos + 1: none
    if (!has_names_ || (size == 0 && rest.size() > held_back_max)) size = rest.size();
    if (size == 0) return;
    if (has_names_ && shown_ != path) caller_.data << "==> " << caller_.config.shown(path) << '\n';
    shown_ = path;
    caller_.data.write(rest.data(), static_cast<std::streamsize>(size));
    rest.erase(0, size);
  }

 private:
  const Caller& caller_;
  bool has_names_;
  std::string shown_;
  std::map<std::string, std::string> held_back_;  // by path
};

void follow(const Caller& caller, std::vector<FollowedLog>& files, Screen& screen) {
  const process::SignalWatch signals({SIGINT, SIGTERM});
  const UniqueFd changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  for (const auto& file : files) {
    const auto folder = std::filesystem::path(file.path()).parent_path().string();
    ::inotify_add_watch(changes.get(), folder.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO);
  }
  for (;;) {
    for (auto& file : files) {
      const bool is_whole =
          file.take([&](std::string_view text) { screen.show(file.path(), text); });
      if (!is_whole)
        caller.talk << "daemonz: " << caller.config.shown(file.path())
                    << ": lines are missing here: it turned over faster than it was read\n";
    }
    caller.data.flush();
    if (!caller.data) return;
    pollfd sources[] = {{changes.get(), POLLIN, 0}, {signals.fd(), POLLIN, 0}};
    ::poll(sources, 2, static_cast<int>(Milliseconds(look_again).count()));
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
  std::vector<FollowedLog> files;
  Screen screen(caller, paths.size() > 1);
  for (const auto& path : paths)
    screen.show(path, files.emplace_back(path).last_lines(options.lines));
  if (options.is_following)
    follow(caller, files, screen);
  else
    screen.finish();
  caller.data.flush();
  return 0;
}

}  // namespace daemonz::supervisor
