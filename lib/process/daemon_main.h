// A daemon in ten lines: signals, readiness and the boundary where an Error becomes a log line.
// Not a daemonizer: the supervisor starts it in the foreground (supervisor.md).
//
//     int main() {
//       return process::daemon_main({.name = "mailer"}, [](process::Daemon& daemon) {
//         Mailer mailer;
//         daemon.ready();
//         while (!daemon.is_stopping()) mailer.send_next(daemon.stop_token());
//       });
//     }
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "process/notify.h"

namespace daemonz::process {

/// Who reads the signals.
enum class SignalReader {
  thread,  ///< a small thread of daemon_main: the body may block; callbacks run on that thread
  loop     ///< the body's own event loop: watches signal_fd() and calls handle_signals()
};

struct DaemonOptions {
  std::string name;  ///< in the log
  SignalReader signal_reader = SignalReader::thread;
  std::function<void()> on_stop;       ///< SIGTERM or SIGINT, once; the stop token is set already
  std::function<void()> on_reload;     ///< SIGHUP; empty: ignored
  std::function<void(int)> on_signal;  ///< SIGUSR1 and SIGUSR2; empty: ignored
};

/// What the body holds. Lives as long as the body. Threads: any, but handle_signals: one.
class Daemon {
 public:
  explicit Daemon(const DaemonOptions& options);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Tells the supervisor. Call it once everything is open: listening, recovered, connected.
  void ready(std::string_view status = {});
  [[nodiscard]] bool is_stopping() const noexcept;
  /// Asked to stop: finish what is at hand. Works with condition_variable_any and stop_callback.
  [[nodiscard]] std::stop_token stop_token() const noexcept;
  /// As if SIGTERM had come (a work limit is reached, a thread has failed).
  void stop();
  [[nodiscard]] const Notifier& notifier() const noexcept;

  // For SignalReader::loop.
  [[nodiscard]] int signal_fd() const noexcept;  ///< readable when a signal is pending
  void handle_signals();                         ///< runs the callbacks; never blocks

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Runs `body`. 0 when it returns, 1 when it throws (logged as error). SIGPIPE is ignored.
/// Call it from the main thread before any other thread is started.
int daemon_main(const DaemonOptions& options, const std::function<void(Daemon&)>& body);

}  // namespace daemonz::process
