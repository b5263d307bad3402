#include "processor/serve.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "process/notify.h"
#include "process/signals.h"

namespace daemonz::processor {
namespace {

constexpr int exit_overdue = 1;

/// Reads signals until `is_over`; the first stops, the second hands back.
class SignalThread {
 public:
  SignalThread(const process::SignalWatch& watch, const process::Notifier& notifier,
               Processor& processor)
      : watch_(watch), notifier_(notifier), processor_(processor) {
    if (::pipe2(pipe_, O_CLOEXEC) != 0) throw_errno("cannot make a pipe");
    thread_ = std::thread([this] { read_signals(); });
  }
  ~SignalThread() {
    ::close(pipe_[1]);  // the thread's poll sees the end
    thread_.join();
    ::close(pipe_[0]);
  }
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  void read_signals() {
    for (;;) {
      pollfd ready[] = {{.fd = watch_.fd(), .events = POLLIN}, {.fd = pipe_[0], .events = POLLIN}};
      if (::poll(ready, 2, -1) < 0) continue;  // EINTR
      if (ready[1].revents) return;
      while (const auto signal = watch_.take()) take(*signal);
    }
  }
  void take(int signal) {
    if (signal == SIGTSTP) {
      notifier_.status("quiet");
      return processor_.quiet();
    }
    log::info("processor", is_stopping_ ? "asked again to stop, handing back" : "asked to stop",
              {{"signal", process::signal_name(signal)}});
    if (is_stopping_) {
      processor_.hand_back_now();
    } else {
      notifier_.stopping();
      processor_.stop();
    }
    is_stopping_ = true;
  }

  const process::SignalWatch& watch_;
  const process::Notifier& notifier_;
  Processor& processor_;
  int pipe_[2] = {-1, -1};
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace

int serve(Options options, const offline_tasks::Registry& registry,
          std::vector<offline_tasks::Services> services) {
  const process::SignalWatch watch({SIGTERM, SIGINT, SIGTSTP});
  const process::Notifier notifier;
  options.on_ready = [&notifier, told = std::move(options.on_ready)] {
    notifier.ready();
    if (told) told();
  };
  options.on_alive = [&notifier, told = std::move(options.on_alive)] {
    notifier.watchdog();
    if (told) told();
  };
  const bool is_served = !options.http.empty();
  Processor processor(std::move(options), registry, std::move(services));
  const SignalThread signals(watch, notifier, processor);
  std::optional<HttpDoor> door;
  if (is_served) door.emplace(processor.door_options());
  switch (processor.run()) {
    case Ended::finished: break;
    case Ended::handed_back: ::_exit(0);
    case Ended::overdue: ::_exit(exit_overdue);  // the supervisor starts a fresh one
  }
  log::info("processor", "processor stopped");
  return 0;
}

Counts work_off(Options options, const offline_tasks::Registry& registry, int limit,
                std::vector<offline_tasks::Services> services) {
  Processor processor(std::move(options), registry, std::move(services));
  processor.connect();
  return processor.work_off(limit);
}

}  // namespace daemonz::processor
