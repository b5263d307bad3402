// state.json: which processes this installation has started, so that the next supervisor knows them
// after a kill -9. Written whole, by rename. Not the wanted configuration.
//     {"version":1,"supervisor":{"pid":..,"start":..,"boot_id":".."},
//      "instances":[{"name":"queue","pid":..,"start":..,"boot_id":"..","cgroup":"..","token":"..",
//                    "rank":0,"stop_signal":15,"stop_timeout_ms":10000}]}
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "process/tree.h"

namespace daemonz::supervisor {

struct RecordedInstance {
  std::string name;
  process::TreeMark mark;
  int rank = 0;
  int stop_signal = 15;
  Milliseconds stop_timeout{10'000};
};

struct RecordedState {
  process::Identity supervisor;
  std::vector<RecordedInstance> instances;
};

inline constexpr int state_file_version = 1;

/// Throws Error when it cannot be written; the old file stays then.
void write_state_file(const std::string& path, const RecordedState& state);

/// nullopt: no such file. Throws Error when it is not what write_state_file writes.
[[nodiscard]] std::optional<RecordedState> read_state_file(const std::string& path);

}  // namespace daemonz::supervisor
