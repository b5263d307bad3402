// "Has it said so?": looks for a line that matches a regular expression in what a log file has got
// since a run began. `ready: {log: ..}`. Not a reader for people (logs.cc). Source: regex(7).
#pragma once

#include <regex.h>

#include <cstdint>
#include <memory>
#include <string>

namespace daemonz::supervisor {

/// Reads the file and not the pipe: what is spliced is never seen by the supervisor. Threads: one.
class LineSearch {
 public:
  /// `pattern` is a POSIX extended expression that has been checked. `offset`: where to begin.
  LineSearch(const std::string& pattern, std::string path, std::uint64_t offset);

  /// Looks at what has come since. True: a complete line matches.
  [[nodiscard]] bool look();

 private:
  struct Free {
    void operator()(regex_t* expression) const;
  };
  std::unique_ptr<regex_t, Free> expression_;
  std::string path_;
  std::uint64_t offset_;
  std::string rest_;  // of a line that is not complete yet
};

}  // namespace daemonz::supervisor
