// The program's side of a run: from a fresh child of init to the student's code, each step taking
// something away, the system call filter last. Runs between vfork and exec: only system calls, no
// allocation. Follows sandbox.md, point 4. Sources: vfork(2), execveat(2), capabilities(7).
#pragma once

#include "sandbox/plan.h"

namespace daemonz::sandbox {

/// Everything that needed memory or files, made by init beforehand.
struct Confinement {
  const Plan* plan = nullptr;
  std::vector<char*> argv, env;         ///< end with a null pointer
  std::vector<std::string> candidates;  ///< paths to try, in order; empty: the image's descriptor
  int ruleset = -1;                     ///< Landlock
};
[[nodiscard]] Confinement prepare_confinement(Plan& plan, int ruleset);

/// Never returns: execve, or _exit after `failure` was filled. A rehearsal exits 0 before execve.
[[noreturn]] void become_program(const Confinement& confinement, Failure& failure);

}  // namespace daemonz::sandbox
