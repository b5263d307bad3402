// What people have asked for and what must outlive the supervisor and the machine's reboot: which
// instances stay stopped, and how many a daemon has by `scale`. Not the configuration, and not what
// runs (state_file.h). Written whole, by rename, synced.
//     {"version":1,"stopped":["processor:1"],
//      "scaled":{"processor":{"instances":8,"configured":2}}}
#pragma once

#include <map>
#include <set>
#include <string>

#include "config/config.h"

namespace daemonz::supervisor {

struct Scale {
  int instances = 0;
  int configured = 0;  ///< by the file, when it was asked for
  friend bool operator==(const Scale&, const Scale&) = default;
};

struct Wishes {
  std::set<std::string> stopped;        ///< NAME:INDEX
  std::map<std::string, Scale> scaled;  ///< by NAME
  friend bool operator==(const Wishes&, const Wishes&) = default;

  [[nodiscard]] bool is_stopped(const std::string& daemon, int index) const {
    return stopped.contains(daemon + ":" + std::to_string(index));
  }
  void set_stopped(const std::string& daemon, int index, bool is_stopped);
  /// Sets `instances` of the daemons that were scaled. A wish holds until the file's own number
  /// changes: who edits the file has said something newer.
  void apply_to(config::Config& config) const;
};

/// The wishes of a running supervisor: what changes is written at once. Threads: one.
class KeptWishes {
 public:
  KeptWishes(std::string path, Wishes wishes) : path_(std::move(path)), now_(std::move(wishes)) {}
  [[nodiscard]] const Wishes& now() const noexcept { return now_; }
  void set(Wishes wishes);  ///< a failure to write is logged: they hold in this run only

 private:
  std::string path_;
  Wishes now_;
};

inline constexpr int wishes_version = 1;

/// No such file: no wishes. Throws Error when it is not what write_wishes writes.
[[nodiscard]] Wishes read_wishes(const std::string& path);
/// Throws Error when it cannot be written; the old file stays then.
void write_wishes(const std::string& path, const Wishes& wishes);

}  // namespace daemonz::supervisor
