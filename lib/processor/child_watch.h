// One attempt in a process of its own: serves its pipes, asks it to stop, and kills its whole tree
// when it must end. Of this room only. Follows jobs.md, "Isolation per task" and "Time limits".
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "offline_tasks/context.h"
#include "process/warm_process.h"
#include "processor/options.h"

namespace daemonz::processor {

/// Thrown when the processor leaves: the child was killed, and the job is to be handed back.
/// Threads: any.
class HandedBack : public Error {
 public:
  using Error::Error;
};

/// What an attempt in a process of its own asks of its lane.
struct ChildWork {
  const offline_tasks::Context::Parts& parts;  ///< job, token, progress, checkpoint, push
  std::function<bool()> is_stopping, is_lost, is_handing_back;
  SteadyTime deadline;      ///< the soft limit
  Milliseconds hard_grace;  ///< from there to the hard one
  Bytes memory_max{0};
};

/// Threads: one.
class ChildWatch {
 public:
  struct Listener {
    int fd;                          ///< a loan; not blocking
    short events;                    ///< of poll(2)
    std::function<bool()> on_ready;  ///< false: this descriptor is of no more interest
  };
  struct Options {
    bool is_told_of_stop;  ///< a processor that stops asks it to stop too
    std::function<void(const process::WarmChild&)> ask_to_stop;
  };

  ChildWatch(process::WarmChild child, const ChildWork& work, Options options)
      : child_(std::move(child)), work_(work), options_(std::move(options)) {}

  void listen(Listener listener) { listeners_.push_back(std::move(listener)); }

  struct End {
    process::WarmEnd how;
    std::string killed_because;  ///< empty: it ended by itself
  };
  /// Until its whole tree has ended. Throws HandedBack, and Error when a process cannot be killed.
  [[nodiscard]] End wait();

 private:
  [[nodiscard]] std::string reason_to_kill(SteadyTime now);
  [[nodiscard]] bool is_too_large() const;
  void serve(Milliseconds wait);
  process::WarmEnd kill();

  process::WarmChild child_;
  const ChildWork& work_;
  Options options_;
  std::vector<Listener> listeners_;
  std::optional<process::WarmEnd> end_;
  std::optional<SteadyTime> lost_at_;
  SteadyTime measured_at_{};
  bool is_asked_ = false;
};

}  // namespace daemonz::processor
