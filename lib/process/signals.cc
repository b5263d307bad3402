#include "process/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/units.h"

namespace daemonz::process {

SignalWatch::SignalWatch(const std::vector<int>& signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  fd_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_.is_open()) throw_errno("cannot watch signals");
  ::pthread_sigmask(SIG_BLOCK, &set, &before_);
}

SignalWatch::~SignalWatch() {
  while (take()) {  // what came meanwhile was for this watch: it must not strike afterwards
  }
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> SignalWatch::take() const {
  signalfd_siginfo info{};
  const auto got = ::read(fd_.get(), &info, sizeof info);
  if (got != static_cast<ssize_t>(sizeof info)) return {};
  return static_cast<int>(info.ssi_signo);
}

std::optional<int> signal_number(const std::string& text) {
  if (const auto number = parse_number(text))
    return *number > 0 && *number < NSIG ? std::optional(static_cast<int>(*number)) : std::nullopt;
  const auto name = text.starts_with("SIG") ? text.substr(3) : text;
  for (int signal = 1; signal < NSIG; ++signal)
    if (const char* known = ::sigabbrev_np(signal); known && name == known) return signal;
  return {};
}

std::string signal_name(int number) {
  const char* const name = ::sigabbrev_np(number);
  return name ? std::string("SIG") + name : "signal " + std::to_string(number);
}

}  // namespace daemonz::process
