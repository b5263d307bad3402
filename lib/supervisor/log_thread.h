// The thread that moves the output of all instances into their files, so that the supervisor's own
// loop never waits for a disk, a terminal or a reader. Not what is moved and how: log_sink.h.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "base/units.h"
#include "supervisor/log_sink.h"

namespace daemonz::supervisor {

/// Sleeps in the kernel until there is output. Threads: one owner; the thread itself is inside.
class LogThread {
 public:
  LogThread();
  /// Takes what stands in the pipes, then ends.
  ~LogThread();
  LogThread(const LogThread&) = delete;
  LogThread& operator=(const LogThread&) = delete;

  /// Shared with the thread, which may be at work with a sink whose owner has gone. From now on
  /// only the thread calls take().
  void add(std::shared_ptr<LogSink> sink);
  /// The thread takes the rest and lets go of it; the pipe stays, for another sink or supervisor.
  void release(const std::shared_ptr<LogSink>& sink);
  /// The instance has gone for good: the same, and the name of the pipe goes at once.
  void remove(const std::shared_ptr<LogSink>& sink);

  /// Returns when what the pipe holds is in the file, or the thread has let go of a released sink;
  /// at the latest after `taken_time_max`, for the disk may hang.
  void wait_until_taken(const LogSink& sink);

 private:
  void run();
  void take(LogSink* key);
  void wake();

  UniqueFd epoll_, wake_;
  std::mutex guard_;
  std::condition_variable has_taken_;
  struct Entry {
    std::shared_ptr<LogSink> sink;
    bool is_leaving = false;
  };
  std::map<const LogSink*, Entry> sinks_;
  std::vector<LogSink*> leaving_;     // released since the thread looked last
  const LogSink* current_ = nullptr;  // what the thread is at work with
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace daemonz::supervisor
