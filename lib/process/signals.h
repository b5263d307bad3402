// Signals as facts that a loop reads, instead of handlers that interrupt it. Source: signalfd(2).
#pragma once

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace daemonz::process {

/// Takes the named signals out of normal delivery for this thread and the threads it starts later:
/// make it first thing in main. Launched programs start with an empty mask again. The destructor
/// gives the signals back. Threads: one reads.
class SignalWatch {
 public:
  explicit SignalWatch(const std::vector<int>& signals);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }  ///< readable when one is pending
  /// The next pending signal; nullopt: none. Never blocks.
  [[nodiscard]] std::optional<int> take() const;

 private:
  UniqueFd fd_;
  sigset_t before_{};
};

/// "TERM", "SIGTERM" or "15" -> 15. nullopt: no such signal.
[[nodiscard]] std::optional<int> signal_number(const std::string& text);
/// 15 -> "SIGTERM"; "signal 99" where it has no name.
[[nodiscard]] std::string signal_name(int number);

}  // namespace daemonz::process
