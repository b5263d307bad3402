// One installation of the real daemonz in a folder of its own, for tests from start to stop.
#pragma once

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/json.h"
#include "process/cgroup.h"
#include "process/identity.h"
#include "process/launch.h"
#include "process/run.h"
#include "process/tree.h"
#include "supervisor/home.h"
#include "support/places.h"
#include "support/temp_dir.h"

// So that a failed check of an exit code shows it: none means a time limit or a signal.
template <>
struct doctest::StringMaker<std::optional<int>> {
  static String convert(const std::optional<int>& value) {
    return value ? toString(*value) : String("none");
  }
};

namespace daemonz::tests {

// Says READY=1 when asked to, and then lives until TERM.
inline constexpr const char* notifier = R"py(
import os, signal, socket, sys
print("listening", flush=True)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b"READY=1\nSTATUS=42 items", os.environ["NOTIFY_SOCKET"])
signal.pause()
)py";

struct Row {
  std::string state, why;
  bool is_ready = false;
  std::int64_t pid = 0, restarts = 0;
};

// One installation in a folder of its own, ended with the test.
class Site {
 public:
  explicit Site(const std::string& daemons) {
    std::filesystem::create_directory(folder_ / "config");
    std::ofstream(folder_ / "notifier.py") << notifier;
    write(daemons);
  }
  ~Site() { static_cast<void>(run({"stop"})); }

  void write(const std::string& daemons) {
    std::ofstream(config_path()) << "daemons:\n" << daemons;
  }

  [[nodiscard]] process::RunResult run(std::vector<std::string> arguments) const {
    std::vector<std::string> argv = prefix_;
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    argv.insert(argv.end(), {"--config", config_path()});
    auto result = process::run({.argv = std::move(argv), .time_limit = Seconds(60)});
    if (result.is_timed_out) MESSAGE("not done in 60 s: daemonz " << arguments[0]);
    return result;
  }

  // From now on a user without rights, who gets no cgroup and cannot read the build folder.
  void become_nobody() {
    const auto copy = folder_ / "daemonz";
    std::filesystem::copy_file(prefix_[0], copy);
    for (const auto& path : {folder_.path().string(), folder_ / "config", config_path(), copy})
      REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
    prefix_ = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", copy};
  }

  [[nodiscard]] Row row(const std::string& name) const {
    const auto status = json::parse(run({"status", "--json"}).output).as_object();
    for (const auto& value : *json::array_of(status, "instances")) {
      const auto& one = value.as_object();
      if (json::string_of(one, "name") != name) continue;
      return {.state = *json::string_of(one, "state"),
              .why = *json::string_of(one, "why"),
              .is_ready = *json::boolean_of(one, "ready"),
              .pid = json::integer_of(one, "pid").value_or(0),
              .restarts = *json::integer_of(one, "restarts")};
    }
    return {};
  }

  [[nodiscard]] pid_t supervisor() const {
    pid_t pid = 0;
    std::ifstream(folder_ / "tmp/daemonz/daemonz.lock") >> pid;
    return pid;
  }

  [[nodiscard]] std::string file(const std::string& name) const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  [[nodiscard]] supervisor::Home home() const {
    return supervisor::home_of(config::load(config_path()));
  }
  [[nodiscard]] std::string config_path() const { return folder_ / "config/daemonz.yml"; }
  [[nodiscard]] const TempDir& folder() const { return folder_; }

 private:
  TempDir folder_;
  std::vector<std::string> prefix_{program_path("daemonz")};
};

inline bool becomes_true(const std::function<bool()>& fact) {
  const auto deadline = std::chrono::steady_clock::now() + Seconds(20);
  while (std::chrono::steady_clock::now() < deadline) {
    if (fact()) return true;
    ::poll(nullptr, 0, 5);
  }
  return false;
}

inline bool is_alive(pid_t pid) {
  const auto stat = process::stat_of(pid);
  return stat && stat->is_alive();
}

inline std::vector<pid_t> pids_in(const std::string& text) {
  std::vector<pid_t> pids;
  std::istringstream words(text);
  for (pid_t pid = 0; words >> pid;) pids.push_back(pid);
  return pids;
}

}  // namespace daemonz::tests
