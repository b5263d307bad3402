// When state.json is written: at once when a child came, or the next supervisor would not know it;
// before anybody is told that something is ready; else a moment later when one went or became
// ready, since who reads the file asks whether a child still lives. So 1000 children that end
// together are one write, not 1000 of a file with 1000 rows. Not what stands in it: state_file.h.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "supervisor/fleet.h"
#include "supervisor/loop.h"

namespace daemonz::supervisor {

/// Threads: one.
class Recorder {
 public:
  /// The loans outlive it.
  Recorder(Loop& loop, const Fleet& fleet, std::string path)
      : loop_(loop), fleet_(fleet), path_(std::move(path)) {}

  void look();      ///< after each burst of events
  void catch_up();  ///< now, if it does not say what is
  bool write();     ///< now; a failure (false) is logged, and tried again at the next look

 private:
  using Facts = std::vector<std::pair<pid_t, int>>;
  [[nodiscard]] Facts facts() const;

  Loop& loop_;
  const Fleet& fleet_;
  std::string path_;
  Facts written_;
  Loop::Watch timer_;
  bool is_due_ = false;
};

}  // namespace daemonz::supervisor
