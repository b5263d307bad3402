// What is wrong with a configuration file: every fault at once, each with its place.
// Not for one bad command-line option (that is the program's) and not for a daemon that fails
// later.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace daemonz::config {

/// One fault. `sentence` is ready to print:
/// `config/daemonz.yml:14:11: daemons.queue.port: "22l22" is not a port (1..65535)`.
/// Lines and columns count from 1; both are 0 where the fault has no place (a file that is
/// missing).
struct Fault {
  std::string file;
  int line = 0;
  int column = 0;
  std::string sentence;
};

/// All faults of one load, in the order of their places. what() holds one sentence per line, so a
/// main that catches it prints what() and leaves with exit code 2 (cli.md). Threads: any.
class Faults : public Error {
 public:
  explicit Faults(std::vector<Fault> faults);
  [[nodiscard]] const std::vector<Fault>& list() const noexcept { return faults_; }

 private:
  std::vector<Fault> faults_;
};

}  // namespace daemonz::config
