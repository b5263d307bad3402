#include "supervisor/stop_command.h"

#include <csignal>

#include "base/log.h"

namespace daemonz::supervisor {

StopCommand::StopCommand(Loop& loop, process::Child child, const StopCommandOptions& options,
                         std::function<void()> then)
    : loop_(loop), options_(options), then_(std::move(then)), child_(std::move(child)) {
  child_watch_ = loop_.when_readable(child_.pidfd(), [this] { look(); });
  timer_ = loop_.at(real_clock().steady() + options_.timeout, [this] {
    log::warn("supervisor", "stop command takes too long, is killed", {{"name", options_.name}});
    child_.signal(SIGKILL);
  });
}

void StopCommand::look() {
  if (!is_running() || !child_.wait(real_clock().steady())) return;
  child_watch_.cancel();
  if (!child_.status()->is_success())
    log::warn("supervisor", "stop command has failed",
              {{"name", options_.name},
               {"exit_code", child_.status()->exit_code.value_or(-1)},
               {"signal", child_.status()->signal.value_or(0)}});
  wait_for_grace();
}

// `then` may end this object: it is called from a copy.
void StopCommand::wait_for_grace() {
  timer_ = loop_.at(real_clock().steady() + options_.grace, [this] {
    const auto then = then_;
    then();
  });
}

}  // namespace daemonz::supervisor
