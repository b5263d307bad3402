// state.json: which processes this installation has started, so that the next supervisor knows them
// after a kill -9. Written whole, by rename. Not the wanted configuration.
//     {"version":1,"supervisor":{"pid":..,"start":..,"boot_id":".."},
//      "instances":[{"name":"queue","daemon":"queue","index":0,
//                    "pid":..,"start":..,"boot_id":"..","cgroup":"..","token":"..",
//                    "rank":0,"stop_signal":15,"stop_timeout_ms":10000,
//                    "log":"/site/log/queue.0.log","stderr":"",
//                    "log_begin":0,"stderr_begin":0,
//                    "wanted":true,"ready":true,"exited":false,"restarts":0,
//                    "fingerprint":"16 hex digits: what its process was started with"}]}
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "process/tree.h"

namespace daemonz::supervisor {

struct RecordedInstance {
  std::string name;
  std::string daemon;
  int index = 0;
  process::TreeMark mark;
  int rank = 0;
  int stop_signal = 15;
  Milliseconds stop_timeout{10'000};
  std::string log_path, stderr_path;              ///< where its output goes; stderr empty: likewise
  std::uint64_t log_begin = 0, stderr_begin = 0;  ///< bytes: where its run's lines begin there
  bool is_wanted = true;                          ///< false: it was being stopped
  bool is_ready = false;
  bool has_exited_well = false;  ///< and for good: nothing of it lives
  int restarts = 0;
  std::string fingerprint;  ///< changes.h
};

struct RecordedState {
  process::Identity supervisor;
  std::vector<RecordedInstance> instances;
};

inline constexpr int state_file_version = 1;

enum class Sync { no, yes };
/// Replaces the file by another one, in one step. With Sync::yes it outlives a power cut. Throws
/// Error when it cannot be written; the old file stays then.
void replace_file(const std::string& path, const std::string& text, Sync sync);

/// Throws as replace_file. Not synced: after a reboot nothing of it is true.
void write_state_file(const std::string& path, const RecordedState& state);

/// nullopt: no such file. Throws Error when it is not what write_state_file writes.
[[nodiscard]] std::optional<RecordedState> read_state_file(const std::string& path);

}  // namespace daemonz::supervisor
