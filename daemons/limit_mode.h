// `sandbox: limits:` of daemonz.yml as the sandbox names it: what a configuration forces holds in
// every program that runs something. For programs that open sandbox slots.
#pragma once

#include "config/config.h"
#include "sandbox/run.h"

namespace daemonz::program {

[[nodiscard]] inline sandbox::LimitMode limit_mode(const config::Config& config) {
  using Told = config::Sandbox::LimitMode;
  switch (config.sandbox.limits) {
    case Told::automatic: return sandbox::LimitMode::automatic;
    case Told::v2: return sandbox::LimitMode::v2;
    case Told::v1: return sandbox::LimitMode::v1;
    case Told::rlimit: return sandbox::LimitMode::rlimit;
  }
  return sandbox::LimitMode::automatic;
}

}  // namespace daemonz::program
