// test-processor (test_processor_main.cc) as a child of the test.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "process/launch.h"
#include "support/places.h"

namespace daemonz::tests {

/// True: `condition` came true within `patience`. For facts of other processes, which wake nobody.
inline bool comes_true(const std::function<bool()>& condition,
                       std::chrono::milliseconds patience = std::chrono::seconds(15)) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // sleep-ok: asks again
  }
  return condition();
}

inline std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

/// How many lines begin so.
inline int count_lines(const std::string& path, const std::string& beginning) {
  int count = 0;
  for (const auto& line : lines_of(path)) count += line.starts_with(beginning);
  return count;
}

/// Killed and reaped by the destructor. Threads: one.
class RunningProcessor {
 public:
  RunningProcessor(const std::string& broker, const std::string& database,
                   const std::vector<std::string>& further = {}) {
    std::vector<std::string> argv = {program_path("test-processor"), "--broker", broker,
                                     "--database", database};
    argv.insert(argv.end(), further.begin(), further.end());
    child_.emplace(process::launch({.argv = argv}));
  }

  [[nodiscard]] pid_t pid() const { return child_->pid(); }
  void signal(int number) const { child_->signal(number); }
  /// nullopt: it still runs after 20 s.
  std::optional<process::ExitStatus> wait() {
    return child_->wait(std::chrono::steady_clock::now() + std::chrono::seconds(20));
  }
  void kill_now() {
    signal(SIGKILL);
    (void)wait();
  }

 private:
  std::optional<process::Child> child_;
};

}  // namespace daemonz::tests
