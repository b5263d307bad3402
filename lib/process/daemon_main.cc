#include "process/daemon_main.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <csignal>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "process/signals.h"

namespace daemonz::process {

struct Daemon::Parts {
  explicit Parts(const DaemonOptions& chosen)
      : options(chosen),
        signals({SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}),
        wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!wake.is_open()) throw_errno("cannot make an eventfd");
  }

  void act_on(int signal) {
    if (signal == SIGTERM || signal == SIGINT) {
      log::info(options.name, "asked to stop", {{"signal", signal_name(signal)}});
      begin_stop();
    } else if (signal == SIGHUP) {
      if (options.on_reload) options.on_reload();
    } else if (options.on_signal) {
      options.on_signal(signal);
    }
  }

  void begin_stop() {
    if (!stop.request_stop()) return;  // the second TERM changes nothing
    notifier.stopping();
    if (options.on_stop) options.on_stop();
  }

  void read_signals_until_woken() {
    for (;;) {
      pollfd sources[] = {{signals.fd(), POLLIN, 0}, {wake.get(), POLLIN, 0}};
      if (::poll(sources, 2, -1) < 0) continue;
      while (const auto signal = signals.take()) act_on(*signal);
      if (sources[1].revents != 0) return;
    }
  }

  const DaemonOptions options;
  SignalWatch signals;
  Notifier notifier;
  std::stop_source stop;
  UniqueFd wake;  // ends the reader thread
  std::thread reader;
};

Daemon::Daemon(const DaemonOptions& options) : parts_(std::make_unique<Parts>(options)) {
  if (options.signal_reader == SignalReader::thread)
    parts_->reader = std::thread([parts = parts_.get()] { parts->read_signals_until_woken(); });
}

Daemon::~Daemon() {
  if (!parts_->reader.joinable()) return;
  ::eventfd_write(parts_->wake.get(), 1);
  parts_->reader.join();
}

void Daemon::ready(std::string_view status) {
  log::info(parts_->options.name, "ready");
  parts_->notifier.ready(status);
}
bool Daemon::is_stopping() const noexcept { return parts_->stop.stop_requested(); }
std::stop_token Daemon::stop_token() const noexcept { return parts_->stop.get_token(); }
void Daemon::stop() { parts_->begin_stop(); }
const Notifier& Daemon::notifier() const noexcept { return parts_->notifier; }
int Daemon::signal_fd() const noexcept { return parts_->signals.fd(); }

void Daemon::handle_signals() {
  while (const auto signal = parts_->signals.take()) parts_->act_on(*signal);
}

int daemon_main(const DaemonOptions& options, const std::function<void(Daemon&)>& body) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    Daemon daemon(options);
    body(daemon);
    return 0;
  } catch (const std::exception& problem) {
    log::error(options.name, "cannot go on", {{"why", problem.what()}});
    return 1;
  }
}

}  // namespace daemonz::process
